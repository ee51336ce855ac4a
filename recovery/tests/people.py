"""What the tests of backup codes need: a second factor, codes, and a sign-in that waits."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import TotpDevice, User
from core import sealing
from recovery import services as recovery
from tests import base

PRESENT = "/sign-in/backup-code/"
NEW = "/settings/security/backup-codes/new/"
CONFIRM = "/settings/security/backup-codes/confirm/"
INVALIDATE = "/settings/security/backup-codes/invalidate/"
SECURITY = "/settings/security/"
WRONG = "00000-00000-00000-00000-00000"


def add_factor(user: User) -> TotpDevice:
    device = TotpDevice(user=user, name="Phone", confirmed=True, created_at=timezone.now())
    sealing.seal_field(device, "sealed_secret", b"a shared secret of 20")
    device.save(force_insert=True)
    return device


def make_codes(user: User) -> tuple[str, ...]:
    """Ten new codes for somebody with a factor, whatever was before."""
    current = recovery.valid_set(user.pk)
    new = recovery.generate(user, replaces=current.pk if current else None, at=timezone.now())
    return new.codes


def show(client: Client, name: str, code: str, **extra: Any) -> Any:
    """The password, then a backup code; the answer is that to the code."""
    assert base.sign_in(client, name).status_code == 302
    return client.post(PRESENT, {"code": code}, **extra)
