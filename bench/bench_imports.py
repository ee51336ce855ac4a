"""Writing and reading files of every format: accounts a second, seconds, and memory.

Keys are derived by a hash here, so that reading itself is measured; what the derivation of each
app costs stands apart, and so does a whole import. Files of other apps are written by the tests'
own writers, whose speed is nobody's goal: it is left out. Memory is what Python allocates at most
while the largest file is read, the file itself not counted. The floor is the parsing of the same
bytes as JSON by Python alone. `IMPORT_COUNTS` sets other numbers of accounts.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
os.environ.setdefault("AUTHNODE_VAR", tempfile.mkdtemp(prefix="authnode-bench-"))

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - needs the settings
from django.utils import timezone  # noqa: E402

from imports import apart, services  # noqa: E402
from imports.files import GivenFile  # noqa: E402
from tests import base  # noqa: E402
from tests.figures.test_imports import cheap_derivation, database  # noqa: E402
from vault.formats import (  # noqa: E402
    aegis,
    andotp,
    authnode_json,
    container,
    csv_table,
    detection,
    google_migration,
    otpauth,
    otpauth_list,
    qr_sheet,
    qr_zip,
)
from vault.formats.account import OtpAccount  # noqa: E402
from vault.tests import foreign  # noqa: E402
from vault.tests.foreign import PASSWORD  # noqa: E402

COUNTS = os.environ.get("IMPORT_COUNTS", "100,1000,10000")
SIZES = tuple(int(count) for count in COUNTS.split(","))
ROUNDS = 3
GOAL_SECONDS = 2.0

Rows = list[OtpAccount]


def sealed(pieces: Iterable[bytes]) -> bytes:
    return b"".join(container.write(pieces, container.make_sealing(PASSWORD)))


def pictures(rows: Rows, password: str | None = None) -> bytes:
    return qr_zip.write(qr_sheet.labels_of(rows, qr_sheet.Words()), password)


def by_name(rows: Rows) -> bytes:
    """As WinAuth has them: the label is the service, and there is no issuer."""
    lines = (otpauth.write(replace(row, issuer="", name=row.issuer)) for row in rows)
    return foreign.zipped({"winauth.txt": "\n".join(lines).encode()})


# What AuthNode writes itself.
OWN: dict[str, Callable[[Rows], bytes]] = {
    "AuthNode JSON": lambda rows: b"".join(authnode_json.write(rows)),
    "AuthNode JSON, container": lambda rows: sealed(authnode_json.write(rows)),
    "Aegis": lambda rows: b"".join(aegis.write(rows)),
    "Aegis protected": lambda rows: aegis.write_sealed(rows, PASSWORD),
    "andOTP": lambda rows: b"".join(andotp.write(rows)),
    "andOTP protected": lambda rows: andotp.write_sealed(rows, PASSWORD),
    "CSV": lambda rows: b"".join(csv_table.write(rows)),
    "CSV, container": lambda rows: sealed(csv_table.write(rows)),
    "links": lambda rows: b"".join(otpauth_list.write(rows)),
    "links, container": lambda rows: sealed(otpauth_list.write(rows)),
    "Google migration": lambda rows: "\n".join(google_migration.write(rows)).encode(),
    "QR codes in a ZIP": pictures,
    "QR codes in a ZIP protected": lambda rows: pictures(rows, PASSWORD),
}
# Each of its codes is a picture to draw and to search: these are measured for fewer.
MOST_PICTURES = 1_000
FOREIGN: dict[str, Callable[[Rows], bytes]] = {
    "2FAS": foreign.twofas,
    "2FAS protected": lambda rows: foreign.twofas(rows, PASSWORD),
    "Bitwarden": foreign.bitwarden,
    "Bitwarden protected": lambda rows: foreign.bitwarden(rows, PASSWORD),
    "Bitwarden Argon2id protected": lambda rows: foreign.bitwarden(rows, PASSWORD, kdf=1),
    "Proton": foreign.proton,
    "Proton protected": lambda rows: foreign.proton(rows, PASSWORD),
    "Ente": foreign.ente,
    "Ente protected": lambda rows: foreign.ente(rows, PASSWORD),
    "FreeOTP settings": foreign.freeotp_settings,
    "FreeOTP 2 protected": foreign.freeotp_backup,
    "FreeOTP+": foreign.freeotp_plus,
    "Raivo": foreign.raivo,
    "Raivo ZIP protected": foreign.raivo_zip,
    "Stratum": foreign.stratum,
    "Stratum protected": lambda rows: foreign.stratum(rows, PASSWORD),
    "Stratum old protected": lambda rows: foreign.stratum(rows, PASSWORD, legacy=True),
    "LastPass": foreign.lastpass,
    "2FAuth": foreign.twofauth,
    "TOTP Authenticator": foreign.totp_authenticator,
    "TOTP Authenticator protected": lambda rows: foreign.totp_authenticator(rows, PASSWORD),
    "Authy": foreign.authy,
    "Authy protected": lambda rows: foreign.authy(rows, PASSWORD),
    "Google database": database,
    "WinAuth ZIP": by_name,
    "Steam": foreign.steam,
}
DERIVATIONS = {
    "Aegis (scrypt, 32 MiB)": ("aegis", lambda: aegis.write_sealed(accounts(3), PASSWORD)),
    "andOTP (PBKDF2)": ("andotp", lambda: andotp.write_sealed(accounts(3), PASSWORD)),
    "2FAS (PBKDF2)": ("2fas", lambda: foreign.twofas(accounts(3), PASSWORD)),
    "Bitwarden (Argon2id, 64 MiB)": (
        "bitwarden",
        lambda: foreign.bitwarden(accounts(3), PASSWORD, kdf=1),
    ),
    "Stratum (Argon2id, 64 MiB)": ("stratum", lambda: foreign.stratum(accounts(3), PASSWORD)),
}


def accounts(count: int) -> list[OtpAccount]:
    return [
        OtpAccount(
            "totp",
            hashlib.sha256(b"%d" % number).digest()[:20],
            issuer=f"Service {number % 500}",
            name=f"person{number}@example.com",
        )
        for number in range(count)
    ]


def median(deed: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    durations = []
    for _ in range(ROUNDS):
        started = clock()
        deed()
        durations.append(clock() - started)
    return statistics.median(durations)


def measure_formats() -> None:
    print(f"accounts a second of processor time, median of {ROUNDS}, no key derived; then for the")
    print(
        "largest file: seconds to write and to read it, its size, and the memory that reading took"
    )
    heads = "".join(f"{size:>11,}" for size in SIZES)
    print(f"  {'':28}{heads}{'write s':>9}{'read s':>8}{'MB':>7}{'peak MB':>9}")
    for name, write in {**OWN, **FOREIGN}.items():
        measure_format(name, write)


def measure_format(name: str, write: Callable[[Rows], bytes]) -> None:
    password = PASSWORD if "protected" in name or "container" in name else None
    cells, content, wrote, seconds = [], b"", "", 0.0
    for size in SIZES:
        if "QR codes" in name and size > MOST_PICTURES:
            cells.append(f"{'–':>11}")
            continue
        rows = accounts(size)
        started = time.process_time()
        content = write(rows)
        wrote = f"{time.process_time() - started:.2f}" if name in OWN else ""
        found = detection.read(content, password=password)
        assert len(found.accounts) == size, (name, len(found.accounts), found.refused[:1])
        seconds = median(partial(detection.read, content, password=password))
        cells.append(f"{size / seconds:>11,.0f}")
    tracemalloc.start()
    detection.read(content, password=password)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    late = f"  over {GOAL_SECONDS:.0f} s" if seconds > GOAL_SECONDS else ""
    print(
        f"  {name:28}{''.join(cells)}{wrote:>9}{seconds:>8.2f}"
        f"{len(content) / 1e6:>7.1f}{peak:>9.1f}{late}"
    )


def floor() -> None:
    content = OWN["Aegis"](accounts(SIZES[-1]))
    seconds = median(lambda: json.loads(content))
    print(f"  the floor: json.loads of the largest Aegis file takes {seconds:.3f} s")


def derive_keys() -> None:
    print("opening a protected file in a process of its own, with its derivation:")
    for name, (kind, write) in DERIVATIONS.items():
        file = apart.LockedFile(write(), kind, PASSWORD)
        seconds = median(partial(apart.read, [file], memory_mib=256), time.perf_counter)
        print(f"  {name:30}{seconds:>8.2f} s")
    nothing = apart.LockedFile(b"[]", "andotp")
    seconds = median(partial(apart.read, [nothing], memory_mib=256), time.perf_counter)
    print(f"  {'the floor: an empty file':30}{seconds:>8.2f} s")


def whole_imports() -> None:
    print("a whole import of links, from the upload to the entries, and undoing it:")
    call_command("migrate", verbosity=0)
    for size in SIZES:
        user = base.make_user(f"person{size}", with_slot=False)
        content = OWN["links"](accounts(size))
        started, now = time.perf_counter(), timezone.now()
        batch = services.start(owner=user, files=[GivenFile("links.txt", content)], at=now)
        looked = time.perf_counter()
        services.import_batch(batch=batch, at=now)
        imported = time.perf_counter()
        services.undo(batch=batch, at=now)
        undone = time.perf_counter()
        print(
            f"  {size:>6,} accounts: preview {looked - started:6.2f} s,"
            f" import {imported - looked:6.2f} s, undo {undone - imported:6.2f} s"
        )


def main() -> None:
    with ExitStack() as patches:
        for patch in cheap_derivation():
            patches.enter_context(patch)  # type: ignore[arg-type] # mock's patches are contexts
        measure_formats()
    floor()
    derive_keys()
    Path(os.environ["AUTHNODE_VAR"]).mkdir(exist_ok=True)
    whole_imports()


if __name__ == "__main__":
    main()
