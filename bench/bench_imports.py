"""Reading other apps' files: accounts a second for each format, and what a whole import costs.

Keys are derived by a hash here, so that reading itself is measured; what the derivation of each
app costs stands apart. The floor is the parsing of the same bytes as JSON by Python alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
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
from tests.figures.test_imports import cheap_derivation  # noqa: E402
from vault.formats import (  # noqa: E402
    aegis,
    andotp,
    authnode_json,
    csv_table,
    detection,
    google_migration,
    otpauth_list,
)
from vault.formats.account import OtpAccount  # noqa: E402
from vault.tests import foreign  # noqa: E402
from vault.tests.foreign import PASSWORD  # noqa: E402

SIZES = (100, 1_000, 10_000)
ROUNDS = 3

FORMATS: dict[str, Callable[[list[OtpAccount]], bytes]] = {
    "AuthNode JSON": lambda rows: b"".join(authnode_json.write(rows)),
    "Aegis": lambda rows: b"".join(aegis.write(rows)),
    "Aegis protected": lambda rows: aegis.write_sealed(rows, PASSWORD),
    "andOTP": lambda rows: b"".join(andotp.write(rows)),
    "andOTP protected": lambda rows: andotp.write_sealed(rows, PASSWORD),
    "CSV": lambda rows: b"".join(csv_table.write(rows)),
    "links": lambda rows: b"".join(otpauth_list.write(rows)),
    "Google migration": lambda rows: "\n".join(google_migration.write(rows)).encode(),
    "2FAS": foreign.twofas,
    "2FAS protected": lambda rows: foreign.twofas(rows, PASSWORD),
    "Bitwarden": foreign.bitwarden,
    "Bitwarden protected": lambda rows: foreign.bitwarden(rows, PASSWORD),
    "Proton": foreign.proton,
    "Proton protected": lambda rows: foreign.proton(rows, PASSWORD),
    "Ente": foreign.ente,
    "Ente protected": lambda rows: foreign.ente(rows, PASSWORD),
    "FreeOTP settings": foreign.freeotp_settings,
    "FreeOTP 2 protected": foreign.freeotp_backup,
    "FreeOTP+": foreign.freeotp_plus,
    "Raivo ZIP": foreign.raivo_zip,
    "Stratum": foreign.stratum,
    "Stratum protected": lambda rows: foreign.stratum(rows, PASSWORD),
    "LastPass": foreign.lastpass,
    "2FAuth": foreign.twofauth,
    "TOTP Authenticator": foreign.totp_authenticator,
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


def read_formats() -> None:
    print(f"accounts read in a second of processor time, median of {ROUNDS}, no key derived:")
    print(f"  {'':22}" + "".join(f"{size:>12,}" for size in SIZES) + "     seconds for the last")
    for name, write in FORMATS.items():
        cells, seconds = [], 0.0
        for size in SIZES:
            content = write(accounts(size))
            password = PASSWORD if "protected" in name or "ZIP" in name else None
            found = detection.read(content, password=password)
            assert len(found.accounts) == size, (name, len(found.accounts), found.refused[:1])
            seconds = median(partial(detection.read, content, password=password))
            cells.append(f"{size / seconds:>12,.0f}")
        print(f"  {name:22}" + "".join(cells) + f"{seconds:>12.2f} s")


def floor() -> None:
    content = FORMATS["Aegis"](accounts(SIZES[-1]))
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
        content = FORMATS["links"](accounts(size))
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
        read_formats()
    floor()
    derive_keys()
    Path(os.environ["AUTHNODE_VAR"]).mkdir(exist_ok=True)
    whole_imports()


if __name__ == "__main__":
    main()
