"""Google Authenticator's "transfer accounts" QR codes: otpauth-migration:// URIs.

The URI carries Base64 of a protobuf message. One export may be spread over several codes;
each says which part of how many it is. A bad entry is reported beside the good ones.

Written are at most ten entries a code, as Google does: with more a code becomes unreadable.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, unquote

from core import otp
from vault.formats import protobuf
from vault.formats.account import OtpAccount, split_label, tidy
from vault.formats.otpauth import split_scheme
from vault.formats.protobuf import Malformed, Message
from vault.formats.refusals import FormatRefusal, RefusedEntry

MAX_URI_BYTES = 64 * 1024
MAX_ENTRIES = 1000
ENTRIES_A_CODE = 10

Value = TypeVar("Value")

_BASE64 = re.compile(r"([A-Za-z0-9+/]+)={0,2}")

# Fields of the message.
_ENTRIES, _VERSION, _BATCH_SIZE, _BATCH_INDEX, _BATCH_ID = 1, 2, 3, 4, 5
# Fields of an entry. Google does not define the period; 2FAuth writes it.
_SECRET, _NAME, _ISSUER, _ALGORITHM, _DIGITS, _TYPE, _COUNTER, _PERIOD = range(1, 9)

_ALGORITHMS = {0: "SHA1", 1: "SHA1", 2: "SHA256", 3: "SHA512"}
_DIGIT_COUNTS = {0: 6, 1: 6, 2: 8}
_TYPES = {0: "totp", 1: "hotp", 2: "totp"}
_ALGORITHM_NUMBERS = {"SHA1": 1, "SHA256": 2, "SHA512": 3}
_DIGIT_NUMBERS = {6: 1, 8: 2}
_TYPE_NUMBERS = {"hotp": 1, "totp": 2}


@dataclass(frozen=True, slots=True)
class Batch:
    """One part of an export: part `index` (from 0) of `size`; parts share the `id`."""

    accounts: tuple[OtpAccount, ...]
    refused: tuple[RefusedEntry, ...]
    size: int = 1
    index: int = 0
    id: int = 0


def read(uri: str) -> Batch:
    """The accounts of one otpauth-migration:// URI, or a FormatRefusal for the whole."""
    try:
        message = Message(_payload(uri))
        entries = message.blobs(_ENTRIES)
        size, index = max(message.number(_BATCH_SIZE), 1), message.number(_BATCH_INDEX)
        batch_id = message.number(_BATCH_ID)
    except Malformed:
        raise FormatRefusal("migration") from None
    if len(entries) > MAX_ENTRIES:
        raise FormatRefusal("too many")
    if not 0 <= index < size:
        size, index = 1, 0

    accounts, refused = _read_entries(entries)
    # Cut or foreign Base64 can still look like protobuf: without one entry that has a
    # secret this is no export.
    if not accounts and all(entry.reason in ("secret", "migration") for entry in refused):
        raise FormatRefusal("migration")
    return Batch(tuple(accounts), tuple(refused), size, index, batch_id)


def misfit(account: OtpAccount, *, strict: bool = False) -> str:
    """What of an account has no place here, as a reason, or nothing.

    `strict` is what Google's own app obeys: it shows six digits of SHA-1 whatever the code says.
    """
    fits = {
        "type": account.type in _TYPE_NUMBERS,
        "digits": account.digits in ({6} if strict else _DIGIT_NUMBERS),
        "algorithm": account.algorithm == "SHA1" or not strict,
        "period": account.is_hotp or account.period == 30,
    }
    return next((reason for reason, fit in fits.items() if not fit), "")


def write(accounts: Sequence[OtpAccount]) -> list[str]:
    """One URI for each ten accounts; raises a FormatRefusal for one that does not fit."""
    parts = [
        accounts[start : start + ENTRIES_A_CODE]
        for start in range(0, len(accounts), ENTRIES_A_CODE)
    ]
    # Aegis takes an id of 0 for "no code scanned yet".
    batch_id = secrets.randbelow((1 << 31) - 1) + 1
    return [_write_part(part, len(parts), index, batch_id) for index, part in enumerate(parts)]


def _write_part(part: Sequence[OtpAccount], size: int, index: int, batch_id: int) -> str:
    message = b"".join(protobuf.field_of_bytes(_ENTRIES, _write_entry(row)) for row in part)
    numbers = {_VERSION: 1, _BATCH_SIZE: size, _BATCH_INDEX: index, _BATCH_ID: batch_id}
    for field, value in numbers.items():
        message += protobuf.field_of_number(field, value)
    return f"otpauth-migration://offline?data={quote(base64.b64encode(message), safe='')}"


def _write_entry(account: OtpAccount) -> bytes:
    reason = misfit(account)
    if reason:
        raise FormatRefusal(reason, issuer=account.issuer, name=account.name)
    label = account.name
    # A name that starts like the issuer would be taken for a label that repeats it.
    if account.issuer and label.casefold().startswith(f"{account.issuer}:".casefold()):
        label = f"{account.issuer}:{label}"
    entry = protobuf.field_of_bytes(_SECRET, account.secret)
    entry += protobuf.field_of_bytes(_NAME, label.encode())
    entry += protobuf.field_of_bytes(_ISSUER, account.issuer.encode())
    entry += protobuf.field_of_number(_ALGORITHM, _ALGORITHM_NUMBERS[account.algorithm])
    entry += protobuf.field_of_number(_DIGITS, _DIGIT_NUMBERS[account.digits])
    entry += protobuf.field_of_number(_TYPE, _TYPE_NUMBERS[account.type])
    return entry + protobuf.field_of_number(_COUNTER, account.counter if account.is_hotp else 0)


def _payload(uri: str) -> bytes:
    scheme, rest = split_scheme(uri, limit=MAX_URI_BYTES)
    if scheme != "otpauth-migration":
        raise FormatRefusal("type")
    for parameter in rest.partition("?")[2].split("&"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "data":
            return _decode_base64(value)
    raise FormatRefusal("migration")


def _decode_base64(value: str) -> bytes:
    # Some apps leave the + of Base64 unencoded and something on the way may have made it a
    # space: decode percent signs only, without the rule for + in forms.
    text = unquote(value).strip().replace(" ", "+").replace("-", "+").replace("_", "/")
    match = _BASE64.fullmatch(text)
    if not match or len(match[1]) % 4 == 1:
        raise FormatRefusal("migration")
    return base64.b64decode(match[1] + "=" * (-len(match[1]) % 4))


def _read_entries(entries: list[bytes]) -> tuple[list[OtpAccount], list[RefusedEntry]]:
    accounts, refused = [], []
    for place, entry in enumerate(entries, start=1):
        try:
            accounts.append(_read_entry(entry))
        except FormatRefusal as refusal:
            refused.append(RefusedEntry.of(refusal, place=place))
    return accounts, refused


def _read_entry(entry: bytes) -> OtpAccount:
    issuer = name = ""
    try:
        fields = Message(entry)
        issuer, name = _names(fields)
        return OtpAccount(
            type=_choice(_TYPES, fields.number(_TYPE), "type"),
            secret=fields.blob(_SECRET),
            issuer=issuer,
            name=name,
            algorithm=_choice(_ALGORITHMS, fields.number(_ALGORITHM), "algorithm"),
            digits=_choice(_DIGIT_COUNTS, fields.number(_DIGITS), "digits"),
            period=_period(fields),
            counter=fields.number(_COUNTER, bits=64),
        )
    except Malformed:
        raise FormatRefusal("migration", issuer=issuer, name=name) from None
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=name) from None


def _names(fields: Message) -> tuple[str, str]:
    try:
        issuer = tidy(fields.blob(_ISSUER).decode())
        name = tidy(fields.blob(_NAME).decode())
    except UnicodeDecodeError:
        raise FormatRefusal("text") from None
    # The name is the label as it was scanned, so it often repeats the issuer. Another
    # prefix may be part of the name and stays.
    repeated = name[: len(issuer) + 1].casefold() == f"{issuer}:".casefold()
    if issuer and not repeated:
        return issuer, name
    return split_label(issuer + name[len(issuer) :], issuer)


def _period(fields: Message) -> int:
    """Google's period is always 30; a number that no period can be is some other field."""
    period = fields.number(_PERIOD, bits=64) if fields.is_number(_PERIOD) else 0
    return period if 1 <= period <= otp.MAX_PERIOD else 30


def _choice(choices: dict[int, Value], number: int, reason: str) -> Value:
    if number not in choices:
        raise FormatRefusal(reason)
    return choices[number]
