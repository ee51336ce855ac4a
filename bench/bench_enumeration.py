"""Does the time of an answer tell whether an address has an account?

Pairs of a known and an unknown address are asked in random order; the AUC is the chance that the
known one takes longer, so 0.5 tells nothing. The floor is what the same measure says of two unknown
addresses: what this machine's noise looks like. BENCH_PAIRS sets the number of pairs.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from django.contrib.auth import hashers  # noqa: E402 - needs the settings
from django.core.cache import cache  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402

from accounts.models import User  # noqa: E402
from bench import measuring  # noqa: E402
from tests import base  # noqa: E402

PAIRS = int(os.environ.get("BENCH_PAIRS", "2000"))
GOAL = (0.48, 0.52)
TITLE = "Does the time of an answer tell whether an address has an account?"
LIFTED = {
    # The hash of the site itself; the tests use a quicker one.
    "PASSWORD_HASHERS": ["accounts.hashers.AuthSecretHasher"],
    "AXES_FAILURE_LIMIT": 1_000_000,
}
Ask = Callable[[Client, str], Any]


def ask_parameters(client: Client, address: str) -> Any:
    body = json.dumps({"email": address})
    return client.post(reverse("accounts:sign-in-parameters"), body, "application/json")


def ask_sign_in(client: Client, address: str) -> Any:
    form = {"email": address, "auth_secret": base.posted_secret("wrong")}
    return client.post(reverse("accounts:sign-in"), form)


def ask_reset(client: Client, address: str) -> Any:
    return client.post(reverse("accounts:reset-request"), {"email": address})


def questions() -> dict[str, Ask]:
    found: dict[str, Ask] = {"sign-in parameters": ask_parameters, "wrong sign-in": ask_sign_in}
    try:
        reverse("accounts:reset-request")
    except NoReverseMatch:
        return found
    return {**found, "password reset": ask_reset}


def auc(known: list[float], unknown: list[float]) -> float:
    """The chance that one of `known` is larger than one of `unknown`; ties count half."""
    ordered = sorted(unknown)
    wins = sum(
        bisect_left(ordered, value)
        + (bisect_right(ordered, value) - bisect_left(ordered, value)) / 2
        for value in known
    )
    return wins / (len(known) * len(unknown))


def make_users(addresses: list[str]) -> None:
    encoded = hashers.make_password(secrets.token_urlsafe(32))
    with mock.patch.object(hashers, "make_password", return_value=encoded):
        for address in addresses:
            user = User(email=address)
            user.set_auth_secret(b"", salt=secrets.token_bytes(16), iterations=600_000)
            user.save(force_insert=True)


def new_address() -> str:
    return f"{secrets.token_hex(8)}@example.com"


def timed(ask: Ask, address: str, network: str) -> float:
    client = Client(REMOTE_ADDR=network)
    started = time.perf_counter()
    answer = ask(client, address)
    took = time.perf_counter() - started
    # A refusal for the number of tries would be quick, and alike for everybody.
    assert answer.status_code != 429
    return took


def measure(ask: Ask, pairs: list[tuple[str, str]]) -> float:
    durations: tuple[list[float], list[float]] = ([], [])
    for number, pair in enumerate(pairs):
        network = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        sides = [0, 1]
        random.shuffle(sides)
        for side in sides:
            durations[side].append(timed(ask, pair[side], network))
    return auc(*durations)


def run() -> dict[str, dict[str, float]]:
    known = [new_address() for _ in range(PAIRS)]
    make_users(known)
    results = {}
    for name, ask in questions().items():
        cache.clear()
        # Whatever is done once only is done before anything is measured.
        measure(ask, [(new_address(), new_address()) for _ in range(10)])
        found = measure(ask, [(address, new_address()) for address in known])
        floor = measure(ask, [(new_address(), new_address()) for _ in known])
        results[name] = {"auc": round(found, 4), "floor": round(floor, 4)}
    return results


def report(results: dict[str, dict[str, float]], add: Callable[..., None]) -> None:
    for name, row in results.items():
        verdict = "within" if GOAL[0] <= row["auc"] <= GOAL[1] else "outside"
        add(name, f"{row['auc']:.3f}", f"{row['floor']:.3f}", verdict)


def main() -> None:
    with (
        measuring.sheet("enumeration", TITLE, database=measuring.database()) as sheet,
        measuring.empty_database(),
    ):
        title = f"Timing AUC, known against unknown, over {PAIRS} interleaved pairs"
        goal = f"goal {GOAL[0]}–{GOAL[1]}"
        add = sheet.table(title, ("question", "AUC", "unknown against unknown", goal))
        # A job is a row; when a worker takes it is no part of the answer.
        with override_settings(**LIFTED), mock.patch("jobs.sending.send", return_value=True):
            report(run(), add)


if __name__ == "__main__":
    main()
