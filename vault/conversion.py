"""Between the stored entry and the account that the formats read and write."""

from __future__ import annotations

import base64
import json

from core import sealing
from vault.formats.account import OtpAccount
from vault.models import OtpEntry


def account_of(
    entry: OtpEntry, *, categories: tuple[str, ...] = (), picture: bytes = b""
) -> OtpAccount:
    """The account of an entry, its secret opened; raises core.sealing.SealingError."""
    return OtpAccount(
        type=entry.type,
        secret=sealing.open_field(entry, "sealed_secret"),
        issuer=entry.issuer,
        name=entry.account_name,
        algorithm=entry.algorithm,
        digits=entry.digits,
        period=entry.period,
        counter=entry.counter,
        favourite=entry.is_favourite,
        categories=categories,
        website=entry.website,
        icon=entry.icon if entry.is_icon_chosen else "",
        tint=entry.tint if entry.is_tint_chosen else 0,
        picture=picture,
    )


def to_json(account: OtpAccount) -> bytes:
    """An account for sealing into a draft; its note has no place in the vault."""
    parts = {
        "type": account.type,
        "secret": base64.b64encode(account.secret).decode(),
        "issuer": account.issuer,
        "name": account.name,
        "algorithm": account.algorithm,
        "digits": account.digits,
        "period": account.period,
        "counter": account.counter,
        "favourite": account.favourite,
        "categories": account.categories,
        "website": account.website,
        "icon": account.icon,
        "tint": account.tint,
        "picture": base64.b64encode(account.picture).decode(),
    }
    return json.dumps(parts).encode()


def from_json(text: bytes) -> OtpAccount:
    parts = json.loads(text)
    return OtpAccount(
        **{
            **parts,
            "secret": base64.b64decode(parts["secret"]),
            "categories": tuple(parts["categories"]),
            "picture": base64.b64decode(parts.get("picture", "")),
        }
    )
