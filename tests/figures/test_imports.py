"""Damaged and hostile files through the readers: no crash, no hang, no part of an import.

The derivation of keys is stood in for by a hash, with its bounds in place: what it costs is
bounded apart, in a process of its own (`imports/tests/test_opening.py`).
"""

from __future__ import annotations

import hashlib
import io
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

import pytest
from django.utils import timezone
from PIL import Image

from imports import pieces, services
from imports.files import GivenFile
from imports.models import ImportBatch
from imports.refusals import ImportRefusal
from tests.base import TestCase
from tests.figures import rounds
from tests.figures.test_foundation import say
from vault import qr
from vault.formats import (
    aegis,
    andotp,
    authnode_json,
    container,
    csv_table,
    detection,
    google_migration,
    kdf,
    otpauth_list,
    qr_sheet,
    qr_zip,
)
from vault.formats.account import OtpAccount
from vault.formats.refusals import FormatRefusal
from vault.models import OtpEntry
from vault.tests import foreign
from vault.tests.foreign import PASSWORD
from vault.tests.making import account
from vault.tests.vectors_folder import OUTSIDE

pytestmark = pytest.mark.figures

MOST_SECONDS = 2.0
ROWS = [
    account(
        1,
        issuer="GitHub",
        name="ada@example.com",
        note="first\nsecond",
        note_fields=(("PIN", "1234", "hidden"),),
        note_codes=(("abc", "2026-03-01"),),
    ),
    account(2, type="hotp", counter=9, digits=8, algorithm="SHA512", categories=("Work",)),
    account(3, issuer="Größe: 😀", favourite=True, period=60),
]
# Sealed by its app with a password of its own when its owner gives none.
WITHOUT_PASSWORD = {"totp_authenticator"}
TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"null", b"true", b"-1", b"0", b"NaN"),
    *(
        b"1e999",
        b"99999999999999999999",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\\u0000",
        b"\\ud800",
    ),
    *(b"<", b">", b"&amp;", b"&lt;!ENTITY", b"<!DOCTYPE map>", b"]]>", b"=", b"%", b"%00", b"#"),
    *(
        b"otpauth://",
        b"otpauth-migration://offline?data=",
        b"steam://",
        b"PK\x03\x04",
        b"PK\x01\x02",
    ),
    *(b"\xac\xed\x00\x05", b"SQLite format 3\0", b"AUTHENTICATORPRO", b"[" * 200, b'{"a":' * 200),
    *(b"\n", b"\r\n", b";", b"\t", b"'", b"AAAA", b"\x7f\xff\xff\xff", b"\x80" * 12),
)


def cheap_pbkdf2(name: str, password: bytes, salt: bytes, rounds: int, dklen: int = 32) -> bytes:
    return hashlib.sha512(name.encode() + password + salt).digest()[:dklen]


def cheap_scrypt(password: bytes, *, salt: bytes, dklen: int, **_: int) -> bytes:
    return hashlib.sha512(password + salt).digest()[:dklen]


class CheapArgon2id:
    def __init__(self, *, salt: bytes, length: int, **_: int) -> None:
        self.salt, self.length = salt, length

    def derive(self, password: bytes) -> bytes:
        return hashlib.sha512(password + self.salt).digest()[: self.length]


def cheap_derivation() -> list[object]:
    return [
        mock.patch.object(hashlib, "pbkdf2_hmac", cheap_pbkdf2),
        mock.patch.object(hashlib, "scrypt", cheap_scrypt),
        mock.patch.object(kdf, "Argon2id", CheapArgon2id),
        mock.patch.object(foreign, "Argon2id", CheapArgon2id),
    ]


def samples() -> dict[str, bytes]:
    """One file of each kind that is read, plain and protected."""
    plain: dict[str, Callable[..., bytes]] = {
        name: getattr(foreign, name)
        for name in (
            *("twofas", "bitwarden", "proton", "ente", "freeotp_plus", "freeotp_settings"),
            *("raivo", "stratum", "lastpass", "twofauth", "totp_authenticator", "authy", "steam"),
        )
    }
    made = {name: write(ROWS) for name, write in plain.items()}
    for name in ("twofas", "bitwarden", "proton", "ente", "stratum", "totp_authenticator", "authy"):
        made[f"{name} protected"] = plain[name](ROWS, PASSWORD)
    made["bitwarden argon2"] = foreign.bitwarden(ROWS, PASSWORD, kdf=1)
    made["stratum legacy"] = foreign.stratum(ROWS, PASSWORD, legacy=True)
    made["freeotp backup"] = foreign.freeotp_backup(ROWS)
    made["raivo zip"] = foreign.raivo_zip(ROWS)
    made["aegis"] = b"".join(aegis.write(ROWS))
    made["aegis protected"] = aegis.write_sealed(ROWS, PASSWORD)
    made["andotp"] = b"".join(andotp.write(ROWS))
    made["andotp protected"] = andotp.write_sealed(ROWS, PASSWORD)
    made["authnode"] = b"".join(authnode_json.write(ROWS))
    made["authnode protected"] = sealed(made["authnode"])
    made["csv"] = b"".join(csv_table.write(ROWS))
    made["csv, exact cells"] = b"".join(csv_table.write(ROWS, exact_cells=True))
    made["links"] = b"".join(otpauth_list.write(ROWS))
    made["migration"] = "\n".join(google_migration.write(ROWS[:2])).encode()
    made["container"] = sealed(made["csv"], container.PBKDF2)
    made["sqlite"] = database()
    made["winauth"] = foreign.zipped({"codes.txt": made["links"]})
    made["authenticator plus"] = foreign.zipped({"Accounts.txt": made["links"]}, PASSWORD)
    labels = qr_sheet.labels_of(ROWS, qr_sheet.Words())
    made["qr zip"] = qr_zip.write(labels)
    made["qr zip protected"] = qr_zip.write(labels, PASSWORD)
    made["qr zip of jpegs"] = foreign.zipped(pictures_of_codes(labels[:1]))
    made |= few_samples()
    if OUTSIDE.is_dir():
        outside = (path for path in OUTSIDE.rglob("*") if path.is_file())
        made |= {
            str(path): path.read_bytes()
            for path in outside
            if path.name != "expected.json" and path.suffix != ".png"
        }
    return made


def sealed(content: bytes, derivation: str = container.SCRYPT) -> bytes:
    return b"".join(
        container.write([content], container.make_sealing(PASSWORD, derivation=derivation))
    )


def pictures_of_codes(labels: Sequence[qr_sheet.Label]) -> dict[str, bytes]:
    """As a camera has them, and so small that a mutated one is searched quickly."""
    made = {}
    for place, label in enumerate(labels):
        picture = io.BytesIO()
        with Image.open(io.BytesIO(qr.draw(label.text, scale=3))) as code:
            code.convert("L").save(picture, format="JPEG", quality=80)
        made[f"photos/{place}.jpg"] = picture.getvalue()
    return made


def few_samples() -> dict[str, bytes]:
    """Those that no writer of the tests makes: each as small as it can be."""
    base32 = foreign.base32(ROWS[0])
    serial = "com.blizzard.messenger.AUTHENTICATOR_"
    blizzard = {
        f"{serial}DEVICE_SECRET": foreign.blizzard_masked(ROWS[0].secret.hex()),
        f"{serial}SERIAL": foreign.blizzard_masked("EU-1234"),
    }
    old = {"algorithm": "SHA1", "digits": 6, "period": 30, "type": "TOTP", "tags": ["Work"]}
    entries = [{**old, "secret": base32, "label": "GitHub:ada"}]
    duo = [{"name": "ada", "otpGenerator": {"otpSecret": base32}}]
    table = f"name,login_totp\nGitHub,{base32}\n'=1,otpauth://totp/a?secret={base32}\n"
    microsoft = (
        "CREATE TABLE accounts (name TEXT, username TEXT, oath_secret_key TEXT, account_type INT)"
    )
    return {
        "andotp envelope": foreign.encoded({"version": 1, "entries": entries}),
        "battlenet": foreign.preferences(blizzard),
        "duo": foreign.encoded(duo),
        "bitwarden csv": table.encode(),
        "steam and motp links": f"steam://{base32}\nmotp://a:b?secret=00ff\n".encode(),
        "microsoft": database_of(microsoft, [("GitHub", "ada", base32, 0)]),
    }


def database(accounts: Sequence[OtpAccount] = ROWS) -> bytes:
    table = "CREATE TABLE accounts (email TEXT, secret TEXT, counter INT, type INT, issuer)"
    rows = [("GitHub:ada", foreign.base32(row), 0, 0, "GitHub") for row in accounts]
    return database_of(table, rows)


def database_of(table: str, rows: Sequence[tuple[object, ...]]) -> bytes:
    made = sqlite3.connect(":memory:")
    made.execute(table)
    places = ", ".join("?" * len(rows[0]))
    made.executemany(f"INSERT INTO accounts VALUES ({places})", rows)  # noqa: S608 - of one's own
    made.commit()
    content = made.serialize()
    made.close()
    return content


def mutate(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """The content with one to six changes: bits, tokens, cuts, repeats, pieces of other files."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(7):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << chance.randrange(8)
            case 1:
                changed[at:at] = chance.choice(TOKENS)
            case 2:
                token = chance.choice(TOKENS)
                changed[at : at + len(token)] = token
            case 3:
                del changed[at : at + chance.randint(1, 60)]
            case 4:
                piece = changed[at : at + chance.randint(1, 200)]
                changed[at:at] = piece * chance.randint(1, 20)
            case 5:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                changed[at:at] = other[start : start + chance.randint(1, 300)]
            case _:
                del changed[at if chance.random() < 0.2 else len(changed) :]
    return bytes(changed)


def hostile(size: int) -> Iterator[tuple[str, bytes]]:
    """Files of one size in which one thing is repeated without end."""
    link = b"otpauth://totp/a?secret=AAAA"
    java = foreign.java_map({})[:-5] + (20_000).to_bytes(4)
    repeated = {
        "escaped quotes": (b'{"a":"', b'\\"', b""),
        "backslashes": (b'{"', b"\\", b""),
        "quotes": (b"[", b'"', b""),
        "open lists": (b"", b"[", b""),
        "open objects": (b"", b'{"a":', b""),
        "empty lists": (b"[[]", b",[]", b"]"),
        "digits": (b'{"version":', b"9", b"}"),
        "spaces": (b"", b" ", b""),
        "line ends": (b"", b"\n", b""),
        "separators": (b"secret;a\n", b";", b""),
        "columns": (b"", b"secret,", b""),
        "rows": (b"name,secret\n", b"a,b\n", b""),
        "quoted cells": (b'name,secret\n"', b'""', b""),
        "elements": (b"<map>", b"<a/>", b"</map>"),
        "strings": (b"<map>", b'<string name="a">x</string>', b"</map>"),
        "tags": (b"<html><code>otpauth", b"<code>", b""),
        "Base64": (b"", b"AAAA", b"!"),
        "links": (b"", link + b"\n", b""),
        "links with commas": (b"", link + b",", b""),
        "displays": (b"otpauth://x?", b"&codeDisplay=", b""),
        "long display": (link + b"&codeDisplay=", b"%7B", b""),
        "lines with displays": (b"", link + b"&codeDisplay=%7B%7D\n", b""),
        "migration": (b"otpauth-migration://offline?data=", b"CgA", b""),
        "Java strings": (java, b"t\0\1a", b"x"),
        "members": (b"PK\x03\x04", b"PK\x01\x02", b""),
        "ends of archives": (b"PK\x03\x04", b"PK\x05\x06", b""),
        "pages": (b"SQLite format 3\0", b"\0\1", b""),
        "chunks": (b"AUTHNODE-EXPORT-1\n{}\n", b"a\n", b""),
        "long label": (b'[{"secret":"AAAA","label":"', b"x: ", b'"}]'),
        "padding": (b'[{"kind":"TOTP","timer":"30","secret":"', b"=", b'"}]'),
        "sealed parts": (b'{"schemaVersion":4,"servicesEncrypted":"', b":", b'"}'),
    }
    for name, (start, piece, end) in repeated.items():
        yield name, start + piece * ((size - len(start) - len(end)) // len(piece)) + end


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(seed)
    made = samples()
    names, contents = list(made), list(made.values())
    for number in range(count):
        name = names[number % len(names)]
        yield name, mutate(made[name], contents, chance)


class FuzzFigures(TestCase):
    def setUp(self) -> None:
        super().setUp()
        for patch in cheap_derivation():
            self.enterContext(patch)  # type: ignore[arg-type]  # mock's patches are contexts

    def test_has_a_whole_file_for_every_reader(self) -> None:
        made = samples()
        readers = {detection.detect(content) for content in made.values()} - {""}
        odd = {"steam and motp links"}
        unread = [
            name
            for name, content in made.items()
            if "/" not in name
            and name not in odd
            and _outcome(content, "", Counter(), name) != "read"
        ]

        assert readers == set(detection.FORMATS) - {detection.WINAUTH}
        assert unread == []

    def test_refuses_or_reads_every_damaged_file(self) -> None:
        total = rounds(600, 100_000)
        crashes: Counter[str] = Counter()
        outcomes: Counter[str] = Counter()
        slowest, slow = 0.0, 0
        for number, (name, content) in enumerate(mutants(total, seed=1)):
            chosen = "" if number % 3 else random.Random(number).choice(list(detection.FORMATS))
            started = time.thread_time()
            outcomes[_outcome(content, chosen, crashes, name)] += 1
            took = time.thread_time() - started
            slowest, slow = max(slowest, took), slow + (took > MOST_SECONDS)

        print(f"\nslowest file: {slowest * 1000:.0f} ms; outcomes: {dict(outcomes.most_common())}")
        say("damaged files that made a reader crash", sum(crashes.values()), total)
        say(f"damaged files that took over {MOST_SECONDS:.0f} s", slow, total)
        assert crashes == {}
        assert outcomes["read"] > total // 20
        assert outcomes["damaged"] > total // 20

    def test_never_imports_a_part_of_a_file(self) -> None:
        total = rounds(120, 3_000)
        wrong = 0
        for name, content in mutants(total, seed=2):
            now, before = timezone.now(), OtpEntry.objects.count()
            try:
                file = GivenFile(name, content)
                batch = services.start(owner=self.alice, files=[file], at=now)
            except (services.NothingToImport, ImportRefusal):
                wrong += OtpEntry.objects.count() != before
                continue
            wrong += OtpEntry.objects.count() != before
            if batch.is_preview:
                wrong += not self.imports_all_or_nothing(batch)
        say("damaged files that were imported in part", wrong, total)

    def test_reads_hostile_files_in_time(self) -> None:
        slowest = {}
        for name, content in hostile(rounds(256 * 1024, 5 * 1024 * 1024)):
            started = time.thread_time()
            _outcome(content, "", Counter(), name)
            slowest[name] = time.thread_time() - started

        for name in sorted(slowest, key=lambda name: -slowest[name])[:5]:
            print(f"\n{name}: {slowest[name]:.2f} s", end="")
        slow = [name for name, took in slowest.items() if took > MOST_SECONDS]
        say(f"hostile files that took over {MOST_SECONDS:.0f} s", len(slow), len(slowest))

    def imports_all_or_nothing(self, batch: ImportBatch) -> bool:
        rows, before = pieces.load_rows(batch), OtpEntry.objects.count()
        wanted = sum(row.decision == "add" for row in rows)
        try:
            services.import_batch(batch=batch, at=timezone.now())
        except ImportRefusal:
            return OtpEntry.objects.count() == before and wanted == 0
        whole = OtpEntry.objects.count() == before + wanted
        OtpEntry.objects.all().delete()
        return whole


def _outcome(content: bytes, chosen: str, crashes: Counter[str], name: str) -> str:
    try:
        password = None if name in WITHOUT_PASSWORD else PASSWORD
        detection.read(content, name=chosen, password=password)
    except FormatRefusal as refusal:
        return refusal.reason
    except Exception as error:  # noqa: BLE001 - anything else is what is looked for
        crashes[
            f"{name} as {chosen or 'what it looks like'}: {type(error).__name__} {error}"[:200]
        ] += 1
        return "crash"
    return "read"
