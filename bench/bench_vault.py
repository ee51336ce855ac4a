"""The list of codes and its refresh, by number of entries, beside the floor of this machine.

The floor is a signed-in page of this very site that does nothing: all middleware, the session and
the user. Run it a second time under scripts/with-services for PostgreSQL and Redis.
"""

from __future__ import annotations

import os
import secrets
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from django.conf import settings  # noqa: E402 - needs the settings
from django.db import connection  # noqa: E402 - as above
from django.test import Client, override_settings  # noqa: E402 - as above
from django.test.utils import CaptureQueriesContext  # noqa: E402 - as above
from django.utils import timezone  # noqa: E402 - as above

from bench import measuring  # noqa: E402 - as above
from core import sealing  # noqa: E402 - as above
from tests import base  # noqa: E402 - as above
from vault import services  # noqa: E402 - as above
from vault.formats.account import OtpAccount  # noqa: E402 - as above

SIZES = (10, 100, 1_000, 5_000)
BACKGROUND = {"X-Background": "1", "Accept": "application/json"}
SECRETS = 1_000
TITLE = "The list of codes and its refresh"
HEAD = (
    *("entries", "floor ms", "floor CPU ms", "page ms", "page CPU ms", "refresh ms"),
    *("refresh CPU ms", "page queries", "refresh queries", "page KiB"),
)
FLOOR_NOTE = "The floor is a signed-in page of the same site that does nothing."
CURVE = measuring.Curve(by="entries", of=("floor CPU ms", "page CPU ms", "refresh CPU ms"))


def fill(name: str, count: int) -> Client:
    """A signed-in user with that many entries."""
    user = base.make_user(name)
    accounts = [
        OtpAccount(
            "totp", secrets.token_bytes(20), issuer=f"Service {number % 97}", name=f"{number}@x"
        )
        for number in range(count)
    ]
    services.add_accounts(owner=user, accounts=accounts, at=timezone.now())
    client = Client()
    base.sign_in(client, name)
    return client


def queries(client: Client, path: str, headers: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, headers=headers).status_code == 200
    return len(captured)


def row(count: int) -> tuple[object, ...]:
    client = fill(f"owner{count}", count)

    def floor() -> None:
        client.get("/bench/floor/")

    def page() -> None:
        client.get("/")

    def refresh() -> None:
        client.get("/codes/", headers=BACKGROUND)

    clocks = (measuring.milliseconds, measuring.cpu_milliseconds)
    times = [clock(deed) for deed in (floor, page, refresh) for clock in clocks]
    asked = (queries(client, "/"), queries(client, "/codes/", BACKGROUND))
    return (count, *times, *asked, len(client.get("/").content) // 1024)


def sign_in_milliseconds(hasher: str) -> float:
    with override_settings(PASSWORD_HASHERS=[hasher]):
        name = f"person{secrets.token_hex(4)}"
        base.make_user(name)

        def enter() -> None:
            assert base.sign_in(Client(), name).status_code == 302

        return measuring.milliseconds(enter)


def sealing_microseconds() -> tuple[float, float]:
    user = base.make_user("sealer")
    tokens: list[str] = []

    def seal() -> None:
        tokens[:] = [
            sealing.seal("totp-secret", user.pk, str(number), b"s" * 20)
            for number in range(SECRETS)
        ]

    def unseal() -> None:
        for number, token in enumerate(tokens):
            sealing.unseal("totp-secret", user.pk, str(number), token)

    return _each(seal), _each(unseal)


def _each(deed: object) -> float:
    took = []
    for _ in range(5):
        started = time.perf_counter()
        deed()  # type: ignore[operator]
        took.append(time.perf_counter() - started)
    return statistics.median(took) / SECRETS * 1e6


def main() -> None:
    with (
        measuring.sheet("vault", TITLE, database=measuring.database()) as sheet,
        measuring.empty_database(),
        override_settings(ROOT_URLCONF="bench.urls"),
    ):
        settings.DEBUG = False
        add = sheet.table("Page and refresh, median of 5", HEAD, note=FLOOR_NOTE, curve=CURVE)
        for count in SIZES:
            add(*row(count))
        argon2 = sign_in_milliseconds("accounts.hashers.AuthSecretHasher")
        fast = sign_in_milliseconds("accounts.tests.hashers.FastHasher")
        seal, unseal = sealing_microseconds()
        single = [
            ("sign-in with Argon2id, ms", argon2),
            ("sign-in without, ms", fast),
            ("seal one secret, µs", seal),
            ("unseal one secret, µs", unseal),
        ]
        add = sheet.table("One by one", ("what", "median"))
        for what, median in single:
            add(what, median)


if __name__ == "__main__":
    main()
