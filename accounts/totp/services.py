"""Authenticator apps as a second factor of an account here.

A code is accepted once: the device keeps the newest time step it accepted, and only a newer one
counts. That refuses T-1, T, T-1 as well as two posts of one code at the same moment.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts import factors
from accounts.models import TotpDevice, User
from audit import services as audit
from core import otp, sealing

PERIOD = 30
DIGITS = 6
SKEW = 1
# A code that would have been right up to ten minutes ago, or from now, is a clock that drifts.
DRIFT = 20
SECRET_BYTES = 20
MOST_DEVICES = 10


class CodeRefused(Exception):
    """The base of the refusals here."""


class WrongCode(CodeRefused):
    """The code belongs to none of the user's authenticator apps, or was used already."""


class ClockDrifts(CodeRefused):
    """The code is right for another time; `seconds` is how far the other clock is ahead."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The other clock is {seconds} seconds off.")
        self.seconds = seconds


class TooManyDevices(Exception):
    """The user has as many authenticator apps as anybody needs."""


def start(user: User, *, at: datetime) -> TotpDevice:
    """A device that counts once a code has confirmed it; an earlier unconfirmed one goes."""
    if TotpDevice.objects.filter(user=user, confirmed=True).count() >= MOST_DEVICES:
        raise TooManyDevices
    device = TotpDevice(user=user, name="", confirmed=False, created_at=at)
    sealing.seal_field(device, "sealed_secret", secrets.token_bytes(SECRET_BYTES))
    with transaction.atomic():
        TotpDevice.objects.filter(user=user, confirmed=False).delete()
        device.save(force_insert=True)
    return device


def waiting(user: User) -> TotpDevice | None:
    return TotpDevice.objects.filter(user=user, confirmed=False).first()


def secret_text(device: TotpDevice) -> str:
    """The secret in Base32, for the page that enrols it."""
    return otp.encode_base32(sealing.open_field(device, "sealed_secret"))


def uri(device: TotpDevice) -> str:
    """The otpauth URI of the enrolment: issuer AuthNode and this site, account the address."""
    issuer = quote(f"AuthNode {urlsplit(settings.SITE_URL).hostname}", safe="")
    account = quote(device.user.email, safe="")
    return (
        f"otpauth://totp/{issuer}:{account}?secret={secret_text(device)}&issuer={issuer}"
        f"&algorithm=SHA1&digits={DIGITS}&period={PERIOD}"
    )


def confirm(request: HttpRequest, device: TotpDevice, *, code: str, name: str, at: datetime) -> str:
    """Make a waiting device count; raises CodeRefused. The answer is the URL to go on with."""
    with transaction.atomic():
        _accept([device], code, at=at)
        claimed = TotpDevice.objects.filter(pk=device.pk, confirmed=False).update(
            confirmed=True, name=name or str(at.date())
        )
        if claimed != 1:
            raise WrongCode
        return factors.announce_enrolled(request, device.user, factor="totp", amr="otp", at=at)


def verify(user: User, *, code: str, at: datetime) -> factors.Proof:
    """Accept a code of one of the user's devices, once; raises CodeRefused."""
    devices = list(TotpDevice.objects.filter(user=user, confirmed=True))
    return factors.Proof(factor="totp", reference=str(_accept(devices, code, at=at)), amr="otp")


def rename(user: User, device_id: UUID, name: str) -> None:
    TotpDevice.objects.filter(user=user, pk=device_id, confirmed=True).update(name=name)


def remove(request: HttpRequest, user: User, device_id: UUID, *, at: datetime) -> bool:
    """Remove a device; False when it is gone already. The caller has asked the policy."""
    with transaction.atomic():
        gone, _ = TotpDevice.objects.filter(user=user, pk=device_id, confirmed=True).delete()
        if gone:
            audit.bury("totp_device", device_id, at=at)
            factors.announce_removed(request, user, factor="totp", at=at)
    return bool(gone)


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    devices = TotpDevice.objects.filter(user=user, confirmed=True).order_by("created_at")
    return {"totp_devices": devices}


def guarding_secrets(user: User) -> frozenset[bytes]:
    """The secrets of the apps that guard this very account.

    Kept in the vault, such a secret would be needed to get at itself.
    """
    devices = TotpDevice.objects.filter(user=user)
    return frozenset(sealing.open_field(device, "sealed_secret") for device in devices)


def _accept(devices: list[TotpDevice], code: str, *, at: datetime) -> UUID:
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        raise WrongCode
    now = int(at.timestamp()) // PERIOD
    drifts: list[int] = []
    for device in devices:
        secret = sealing.open_field(device, "sealed_secret")
        for step in _matching_steps(secret, typed, now):
            if abs(step - now) > SKEW:
                drifts.append(step - now)
            elif _claim(device, step, at=at):
                return UUID(str(device.pk))
    if drifts:
        raise ClockDrifts(min(drifts, key=abs) * PERIOD)
    raise WrongCode


def _matching_steps(secret: bytes, typed: str, now: int) -> list[int]:
    # All are computed and compared, so that time does not tell which one came close.
    steps = range(now - DRIFT, now + DRIFT + 1)
    return [step for step in steps if hmac.compare_digest(otp.hotp(secret, max(step, 0)), typed)]


def _claim(device: TotpDevice, step: int, *, at: datetime) -> bool:
    rows = TotpDevice.objects.filter(pk=device.pk, last_step__lt=step)
    return rows.update(last_step=step, last_used_at=at) == 1
