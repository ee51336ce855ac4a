from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from tests.programs import ROOT
from vault.formats import container
from vault.formats.refusals import (
    Damaged,
    FormatRefusal,
    PasswordNeeded,
    TooExpensive,
    WrongPassword,
)

PASSWORD = "pässwörd 🔐"
CONTENT = b"some line of a table\r\n" * 20_000
# As its own interpreter would run it, but with the password from its input.
RUN = """
import getpass, sys
getpass.getpass = lambda prompt="": sys.stdin.buffer.readline().decode().rstrip("\\n")
sys.path.insert(0, "tools")
import open_export
raise SystemExit(open_export.main(sys.argv[1:]))
"""


def sealed(**options: str) -> bytes:
    sealing = container.make_sealing(PASSWORD, extension="csv", media_type="text/csv", **options)
    return b"".join(container.write([CONTENT], sealing))


def refusal_of(data: bytes, password: str | None = PASSWORD) -> FormatRefusal:
    try:
        container.open_all(data, password=password)
    except FormatRefusal as refusal:
        return refusal
    raise AssertionError("nothing was refused")


def with_header(data: bytes, **changes: object) -> bytes:
    magic, header, *rest = data.split(b"\n")
    return b"\n".join([magic, json.dumps(json.loads(header) | changes).encode(), *rest])


class Containers(unittest.TestCase):
    file = b""

    @classmethod
    def setUpClass(cls) -> None:
        cls.file = sealed()

    def test_need_the_password_and_the_right_one(self) -> None:
        assert isinstance(refusal_of(self.file, None), PasswordNeeded)
        assert isinstance(refusal_of(self.file, "other"), WrongPassword)

    def test_notice_chunks_that_are_missing_moved_or_repeated(self) -> None:
        lines = self.file.splitlines(keepends=True)
        start, chunks = lines[:2], lines[2:]
        assert len(chunks) == 7
        for changed in (
            chunks[:-1],
            chunks[1:],
            [],
            [chunks[1], chunks[0], *chunks[2:]],
            [chunks[0], *chunks],
            [*chunks, chunks[-1]],
        ):
            assert isinstance(refusal_of(b"".join(start + changed)), Damaged)

    def test_notice_a_changed_header(self) -> None:
        assert isinstance(refusal_of(with_header(self.file, extension="exe")), Damaged)

    def test_bound_the_costs_that_a_file_names(self) -> None:
        assert isinstance(refusal_of(with_header(self.file, n=1 << 30)), TooExpensive)
        dear = with_header(self.file, kdf=container.PBKDF2, iterations=10**9)
        assert isinstance(refusal_of(dear), TooExpensive)

    def test_refuse_what_is_none(self) -> None:
        for data in (
            b"",
            container.MAGIC,
            container.MAGIC + b"\n",
            container.MAGIC + b"\n[]\n",
            with_header(self.file, kdf="other"),
            with_header(self.file, salt=7),
            with_header(self.file, n="many"),
            with_header(self.file, n=True),
        ):
            assert isinstance(refusal_of(data), Damaged), data[:80]

    def test_hide_their_key(self) -> None:
        sealing = container.make_sealing(PASSWORD)

        assert sealing.key.decode() not in repr(sealing)

    def test_hold_no_more_than_some_chunks_at_a_time(self) -> None:
        handed_out = 0

        def pieces() -> Iterator[bytes]:
            nonlocal handed_out
            for _ in range(100):
                handed_out += 1
                yield bytes(container.CHUNK_BYTES)

        written = container.write(pieces(), container.make_sealing(PASSWORD))
        for _ in range(3):
            next(written)

        assert handed_out <= 4


class Programs(unittest.TestCase):
    """tools/open_export.py, for the day when AuthNode is gone."""

    def run_it(self, folder: str, *more: str, password: str = PASSWORD) -> tuple[int, str]:
        # Nothing of this project may be needed.
        tool = Path(folder, "tools")
        tool.mkdir(exist_ok=True)
        tool.joinpath("open_export.py").write_bytes((ROOT / "tools/open_export.py").read_bytes())
        ran = subprocess.run(
            [sys.executable, "-c", RUN, *more],
            input=f"{password}\n",
            capture_output=True,
            text=True,
            cwd=folder,
            env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
            timeout=60,
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr

    def test_opens_both_derivations(self) -> None:
        for derivation in (container.SCRYPT, container.PBKDF2):
            with tempfile.TemporaryDirectory() as folder, self.subTest(derivation):
                path = Path(folder, "authnode-20261124.sealed")
                path.write_bytes(sealed(derivation=derivation))

                code, words = self.run_it(folder, path.name)

                assert code == 0, words
                opened = Path(folder, "authnode-20261124.csv")
                assert opened.read_bytes() == CONTENT
                assert opened.stat().st_mode & 0o777 == 0o600

    def test_says_what_is_wrong_and_leaves_nothing(self) -> None:
        whole = sealed()
        cut = b"\n".join(whole.splitlines()[:-1])
        for data, password, words in (
            (whole, "other", "password is wrong"),
            (cut, PASSWORD, "end of the file is missing"),
            (b"something else", PASSWORD, "not a file that AuthNode sealed"),
            (with_header(whole, n=1 << 30), PASSWORD, "out of bounds"),
            (with_header(whole, extension="exe"), PASSWORD, "missing or out of order"),
        ):
            with tempfile.TemporaryDirectory() as folder, self.subTest(words):
                Path(folder, "file").write_bytes(data)

                code, said = self.run_it(folder, "file", password=password)

                assert (code, words in said) == (1, True), said
                assert sorted(path.name for path in Path(folder).iterdir()) == ["file", "tools"]

    def test_overwrites_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "file").write_bytes(sealed())
            Path(folder, "there.csv").write_text("mine")

            code, said = self.run_it(folder, "file", "there.csv")

            assert (code, "there already" in said) == (1, True)
            assert Path(folder, "there.csv").read_text() == "mine"


class Sizes(unittest.TestCase):
    def test_refuses_more_than_any_export(self) -> None:
        with mock.patch.object(container, "_MAX_SEALED_BYTES", 100):
            assert refusal_of(sealed()).reason == "too large"
