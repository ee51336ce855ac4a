"""Is the master key the one that this database was sealed with?"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from core import keyring, sealing
from core.models import KeyCheck

PURPOSE = "key-check"
PLAIN = b"authnode key check"


def record_current(**_: Any) -> None:
    """Verify, and leave a check value of the current key (called after `migrate`)."""
    verify()
    key_id = keyring.ring().current
    KeyCheck.objects.get_or_create(
        key_id=key_id, defaults={"sealed_check": sealing.seal(PURPOSE, "", key_id, PLAIN)}
    )


def verify() -> None:
    """Raise ImproperlyConfigured, naming the key, if a master key is missing or another one."""
    for row in KeyCheck.objects.order_by("key_id"):
        try:
            sealing.unseal(PURPOSE, "", row.key_id, row.sealed_check)
        except sealing.UnknownKey:
            raise ImproperlyConfigured(
                f"This database is sealed with master key “{row.key_id}”, which MASTER_KEY does not"
                " hold. Put the copy of that key back; AuthNode does not start without it."
            ) from None
        except sealing.SealingError:
            raise ImproperlyConfigured(
                f"The master key “{row.key_id}” is not the one that sealed this database. Put the"
                " right key back; AuthNode does not start with another one."
            ) from None
