"""Between the stored entry and the account that the formats read and write."""

from __future__ import annotations

import base64
import json

from core import sealing
from vault.formats.account import OtpAccount
from vault.models import OtpEntry


def account_of(entry: OtpEntry) -> OtpAccount:
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
    }
    return json.dumps(parts).encode()


def from_json(text: bytes) -> OtpAccount:
    parts = json.loads(text)
    return OtpAccount(
        **{
            **parts,
            "secret": base64.b64decode(parts["secret"]),
            "categories": tuple(parts["categories"]),
        }
    )
