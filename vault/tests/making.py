"""Entries for tests."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from vault import qr, services
from vault.formats.account import OtpAccount
from vault.models import OtpEntry

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
# The secret of RFC 4226 and RFC 6238: its codes are known.
SECRET = b"12345678901234567890"
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
URI = f"otpauth://totp/GitHub:ada?secret={BASE32}&issuer=GitHub"
ACCOUNT = OtpAccount("totp", SECRET, issuer="GitHub", name="ada")


def account(number: int = 0, **changes: Any) -> OtpAccount:
    """An account; each number has a secret of its own."""
    secret = SECRET if number == 0 else b"secret number %06d" % number
    return replace(ACCOUNT, **{"secret": secret, **changes})


def make_entry(owner: User, number: int = 0, **changes: Any) -> OtpEntry:
    return services.add_anyway(owner=owner, account=account(number, **changes), at=NOON)


def make_entries(owner: User, count: int) -> list[OtpEntry]:
    accounts = [account(number, name=f"ada{number}") for number in range(1, count + 1)]
    return services.add_accounts(owner=owner, accounts=accounts, at=NOON).entries


def picture(*, size: tuple[int, int] = (300, 200), kind: str = "JPEG") -> bytes:
    """A photograph, more or less."""
    made = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(made, format=kind)
    return made.getvalue()


def upload(*texts: str, name: str = "codes.png") -> SimpleUploadedFile:
    """A picture with one QR code beside the other."""
    codes = [Image.open(io.BytesIO(qr.draw(text))).convert("L") for text in texts]
    width, height = sum(code.width for code in codes), max(code.height for code in codes)
    picture = Image.new("L", (width, height), 255)
    left = 0
    for code in codes:
        picture.paste(code, (left, 0))
        left += code.width
    png = io.BytesIO()
    picture.save(png, format="PNG")
    return SimpleUploadedFile(name, png.getvalue(), content_type="image/png")
