"""Battle.net Authenticator: its settings file, masked with one fixed key."""

from __future__ import annotations

from itertools import cycle

from vault.formats.account import OtpAccount
from vault.formats.android_preferences import read_strings, strings_of
from vault.formats.pieces import account_of
from vault.formats.reading import Read, read_each
from vault.formats.refusals import Damaged, FormatRefusal

name = "battlenet"

_PREFIX = "com.blizzard.messenger.AUTHENTICATOR_"
SETTING, _SERIAL = f"{_PREFIX}DEVICE_SECRET", f"{_PREFIX}SERIAL"
# Not a secret: every copy of that app carries it.
_MASK = bytes.fromhex(
    "398e27fc50276a656065b0e525f4c06c04c61075286b8e7aeda59da9813b5dd6c80d2fb38068773fa59ba47c"
    "17ca6c6479015c1d5b8b8f6b9a"
)


def recognises(data: bytes) -> bool:
    return SETTING in strings_of(data)


def read(data: bytes, *, password: str | None = None) -> Read:
    strings = read_strings(data)
    if SETTING not in strings:
        raise Damaged
    return read_each([strings], _account)


def _account(strings: dict[str, str]) -> OtpAccount:
    serial = _unmasked(strings.get(_SERIAL, ""))
    try:
        secret = bytes.fromhex(_unmasked(strings[SETTING]))
    except ValueError:
        raise FormatRefusal("secret", issuer="Battle.net", name=serial) from None
    return account_of("totp", secret, issuer="Battle.net", name=serial, digits=8)


def _unmasked(text: str) -> str:
    try:
        masked = bytes.fromhex(text)
        return bytes(byte ^ mask for byte, mask in zip(masked, cycle(_MASK))).decode("ascii")
    except ValueError:
        return ""
