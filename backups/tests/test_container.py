"""The file: what was written is read, and nothing else is."""

from __future__ import annotations

import base64
import io
import json
import random
import subprocess
import sys
import uuid
import zlib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from backups import container, recipients
from backups.container import ContainerRefused

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = recipients.BackupKey("b1", b"k" * 32)
DATA_KEY = b"d" * 32
CONTENT = b'{"columns":["id"],"model":"a.B","table":"a_b"}\n[1]\n[2]\n'


def header(**changes: object) -> container.Header:
    backup_id = uuid.UUID(int=7)
    wanted: dict[str, object] = {
        "id": backup_id,
        "created_at": "2026-01-01T00:00:00.000000+00:00",
        "kind": "manual",
        "application": "0.1",
        "database": "sqlite",
        "migrations": {"vault": ["0001_initial"]},
        "audit_head": {"mac": "", "position": 0},
        "recipients": [recipients.wrap_for_key(KEY, DATA_KEY, str(backup_id))],
        **changes,
    }
    return container.Header(**wanted)  # type: ignore[arg-type]


def written(content: bytes = CONTENT, **changes: object) -> bytes:
    file = io.BytesIO()
    writer = container.Writer(file, header(**changes), DATA_KEY, b'{"lasting":{},"master":[]}')
    for start in range(0, len(content), 70_000):
        writer.write(content[start : start + 70_000])
    writer.finish({"a_b": 2})
    return file.getvalue()


def read(raw: bytes) -> bytes:
    reader = container.Reader(io.BytesIO(raw))
    try:
        data_key = recipients.unwrap(reader.header.recipients, str(reader.header.id), keys=[KEY])
    except recipients.NoKeyFits:
        raise ContainerRefused("no key fits any more") from None
    reader.open(data_key)
    return b"".join(reader.content())


def refuses(raw: bytes) -> bool:
    try:
        read(raw)
    except ContainerRefused:
        return True
    return False


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """One random change: of a byte, of a length, of the order of lines, or a splice."""
    place, lines = chance.randrange(len(raw)), raw.split(b"\n")
    number, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    swapped = list(lines)
    swapped[number], swapped[other] = lines[other], lines[number]
    bit = bytes([raw[place] ^ (1 << chance.randrange(8))])
    return chance.choice(
        [
            lambda: raw[:place] + bit + raw[place + 1 :],
            lambda: raw[:place] + chance.randbytes(1) + raw[place:],
            lambda: raw[:place] + raw[place + chance.randint(1, 9) :],
            lambda: raw[:place],
            lambda: raw + chance.randbytes(chance.randint(1, 9)),
            lambda: b"\n".join(swapped),
            lambda: b"\n".join([*lines[:number], *lines[number + 1 :]]),
            lambda: b"\n".join([*lines[:number], lines[other], *lines[number:]]),
        ]
    )()


def test_reads_what_was_written() -> None:
    assert read(written()) == CONTENT


def test_reads_several_chunks_in_bounded_pieces() -> None:
    content = random.Random(1).randbytes(3 * container.CHUNK_SIZE + 5)

    raw = written(content)
    longest = max(len(line) for line in raw.split(b"\n"))

    assert read(raw) == content
    assert longest <= container.LONGEST_TOKEN


def test_says_how_much_there_was() -> None:
    reader = container.Reader(io.BytesIO(written()))
    reader.open(DATA_KEY)
    list(reader.content())

    assert reader.ending is not None
    assert (reader.ending.rows, reader.ending.size) == ({"a_b": 2}, len(CONTENT))


def test_refuses_random_mutations() -> None:
    raw = written()
    chance = random.Random(3)
    changed = [mutate(raw, chance) for _ in range(1000)]

    assert [one for one in changed if one != raw and not refuses(one)] == []


@pytest.mark.parametrize("end", ["magic", "header", "keys", "chunk", "ending"])
def test_refuses_a_cut_after_each_part(end: str) -> None:
    raw = written()
    cut = {"magic": 1, "header": 2, "keys": 3, "chunk": 4, "ending": 5}[end]
    lines = raw.split(b"\n")

    assert refuses(b"\n".join(lines[:cut]))
    if end != "ending":
        assert refuses(b"\n".join(lines[:cut]) + b"\n")


def test_refuses_a_chunk_of_another_backup_with_the_same_key() -> None:
    lines, others = written().split(b"\n"), written(kind="daily").split(b"\n")
    lines[3] = others[3]

    assert refuses(b"\n".join(lines))


def test_refuses_another_spelling_of_the_same_token() -> None:
    raw = written()
    lines = raw.split(b"\n")
    # The stock decoder passes over a character that is not of its alphabet.
    lines[3] = lines[3][:40] + b"!" + lines[3][40:]

    assert refuses(b"\n".join(lines))
    assert refuses(raw.replace(b"\n", b"\r\n"))


def test_refuses_a_header_in_another_order() -> None:
    raw = written()
    line = raw.split(b"\n")[1]
    turned = json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":")).encode()

    assert refuses(raw.replace(line, turned))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": True},
        {"chunk_size": 2**31},
        {"recipients": []},
        {"recipients": [{"kind": "key"}]},
        {"kind": 3},
        {"id": " 0000000-0000-0000-0000-000000000007"},
        {"id": "{00000000-0000-0000-0000-000000000007}"},
        {"id": "00000000000000000000000000000007"},
        {"extra": 1},
    ],
)
def test_refuses_a_malformed_header(changes: dict[str, object]) -> None:
    lines = written().split(b"\n")
    lines[1] = container.canonical({**json.loads(lines[1]), **changes})

    assert refuses(b"\n".join(lines))


def test_tells_a_later_version_from_a_damaged_file() -> None:
    lines = written().split(b"\n")
    lines[1] = container.canonical({**json.loads(lines[1]), "version": 2})

    with pytest.raises(container.UnsupportedVersion):
        container.Reader(io.BytesIO(b"\n".join(lines)))


def test_refuses_a_chunk_that_unpacks_to_more_than_a_chunk() -> None:
    found = header()
    chain = container._Chain(found, DATA_KEY)
    bomb = zlib.compress(bytes(container.CHUNK_SIZE * 50))
    head = chain._head(container.FIRST)
    token = Fernet(base64.urlsafe_b64encode(DATA_KEY)).encrypt(head + bomb)
    reader = container.Reader(
        io.BytesIO(container.MAGIC + found.as_bytes() + b"\n" + token + b"\n")
    )

    with pytest.raises(ContainerRefused, match="something else than a chunk"):
        reader.open(DATA_KEY)


def test_refuses_a_row_without_an_end() -> None:
    with pytest.raises(ContainerRefused):
        list(container.lines(iter([b"[1]\n[2"])))


class TestRecipients:
    backup_id = str(uuid.UUID(int=7))

    def test_opens_with_an_older_key_of_the_ring(self) -> None:
        newer = recipients.BackupKey("b2", b"n" * 32)
        wraps = [recipients.wrap_for_key(KEY, DATA_KEY, self.backup_id)]

        assert recipients.unwrap(wraps, self.backup_id, keys=[newer, KEY]) == DATA_KEY

    def test_refuses_a_key_of_the_same_name(self) -> None:
        other = recipients.BackupKey("b1", b"o" * 32)
        wraps = [recipients.wrap_for_key(KEY, DATA_KEY, self.backup_id)]

        with pytest.raises(recipients.NoKeyFits, match=KEY.fingerprint):
            recipients.unwrap(wraps, self.backup_id, keys=[other])

    def test_refuses_a_wrap_of_another_backup(self) -> None:
        wraps = [recipients.wrap_for_key(KEY, DATA_KEY, str(uuid.UUID(int=8)))]

        with pytest.raises(recipients.NoKeyFits):
            recipients.unwrap(wraps, self.backup_id, keys=[KEY])

    def test_opens_with_the_private_key_alone(self) -> None:
        private, public = recipients.new_pair()
        target = recipients.parse_public_key(public)
        wraps = [recipients.wrap_for_public_key(target, DATA_KEY, self.backup_id)]
        own = recipients.parse_private_key(private)

        assert recipients.unwrap(wraps, self.backup_id, private_key=own) == DATA_KEY
        with pytest.raises(recipients.NoKeyFits):
            recipients.unwrap(wraps, self.backup_id, keys=[KEY])

    def test_refuses_another_private_key(self) -> None:
        target = recipients.parse_public_key(recipients.new_pair()[1])
        wraps = [recipients.wrap_for_public_key(target, DATA_KEY, self.backup_id)]
        other = recipients.parse_private_key(recipients.new_pair()[0])

        with pytest.raises(recipients.NoKeyFits):
            recipients.unwrap(wraps, self.backup_id, private_key=other)

    @pytest.mark.parametrize("text", ["", "x25519:", "x25519:AAAA", "b1:" + "A" * 43])
    def test_refuses_what_is_no_public_key(self, text: str) -> None:
        with pytest.raises(recipients.BadKey):
            recipients.parse_public_key(text)

    @pytest.mark.parametrize("text", ["b1", "b1:short", f"b1:{'A' * 43} b1:{'B' * 43}"])
    def test_refuses_lines_that_are_no_keys(self, text: str) -> None:
        with pytest.raises(recipients.BadKey):
            recipients.parse_keys(text)

    def test_shows_no_key_in_its_words(self) -> None:
        assert "k" * 8 not in repr(KEY)


class TestStandaloneTool:
    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "tools/open_backup.py", *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_opens_what_the_site_wrote(self, tmp_path: Path) -> None:
        file, key_file = tmp_path / "one.authnode-backup", tmp_path / "key"
        file.write_bytes(written())
        key_file.write_text(f"b1:{recipients.encode(KEY.key)}\n")

        assert self.run("dump", file, "--key-file", key_file).stdout == CONTENT.decode()
        assert json.loads(self.run("keys", file, "--key-file", key_file).stdout)["master"] == []
        assert json.loads(self.run("info", file).stdout)["kind"] == "manual"

    def test_opens_with_a_private_key(self, tmp_path: Path) -> None:
        private, public = recipients.new_pair()
        target = recipients.parse_public_key(public)
        wrap = recipients.wrap_for_public_key(target, DATA_KEY, str(uuid.UUID(int=7)))
        file, key_file = tmp_path / "one", tmp_path / "key"
        file.write_bytes(written(recipients=[wrap]))
        key_file.write_text(private)

        assert self.run("check", file, "--private-key-file", key_file).returncode == 0
        assert self.run("check", file).returncode == 1

    def test_refuses_a_changed_file(self, tmp_path: Path) -> None:
        file, key_file = tmp_path / "one", tmp_path / "key"
        file.write_bytes(written() + b"x")
        key_file.write_text(f"b1:{recipients.encode(KEY.key)}\n")

        done = self.run("check", file, "--key-file", key_file)

        assert (done.returncode, "refused" in done.stderr) == (1, True)
