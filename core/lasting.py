"""Lasting keys: random keys for HMACs whose results must stay comparable for ever.

They are made by `migrate`, lie sealed in the database and survive every rotation.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import IntegrityError, transaction

from core import keyring, sealing
from core.models import LastingKey

PURPOSES = (
    *("prelogin", "audit-chain", "audit-pseudonym", "recovery-code", "oidc-subject"),
    "sign-in-check",
)


class LastingKeyMissing(Exception):
    """`manage.py migrate` has not run since a purpose was added."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"The lasting key “{purpose}” is missing: run “manage.py migrate”.")


_borrowed: ContextVar[Mapping[str, bytes]] = ContextVar("borrowed_lasting_keys")


def key(purpose: str) -> bytes:
    """The 32 bytes for this purpose; raises LastingKeyMissing."""
    return _borrowed.get({}).get(purpose) or _own(purpose)


@contextmanager
def borrowed(others: Mapping[str, bytes]) -> Iterator[None]:
    """Compute with the keys of a backup for a while, where its rows are looked at."""
    token = _borrowed.set(others)
    try:
        yield
    finally:
        _borrowed.reset(token)


def forget() -> None:
    """Read the keys anew: they have been replaced by those of a backup."""
    _own.cache_clear()


@functools.lru_cache(maxsize=len(PURPOSES))
def _own(purpose: str) -> bytes:
    row = LastingKey.objects.filter(purpose=purpose).first()
    if row is None:
        raise LastingKeyMissing(purpose)
    with keyring.borrowed(None):
        return sealing.open_field(row, "sealed_key")


def make_missing(**_: Any) -> None:
    """Make the keys that do not exist yet (called after `migrate`)."""
    for purpose in PURPOSES:
        row = LastingKey(purpose=purpose)
        with keyring.borrowed(None):
            sealing.seal_field(row, "sealed_key", secrets.token_bytes(32))
        try:
            with transaction.atomic():
                LastingKey.objects.get_or_create(
                    purpose=purpose, defaults={"sealed_key": row.sealed_key}
                )
        except IntegrityError:
            # Two machines migrate at once: the other one's key is as good as ours.
            continue
    forget()
