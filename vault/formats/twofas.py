"""2FAS: exports of the schemas 1 to 4, plain and with a password."""

from __future__ import annotations

from typing import Any

from vault.formats import kdf
from vault.formats.account import OtpAccount, tidy
from vault.formats.pieces import (
    account_of,
    base64_of,
    document_of,
    list_of,
    note_of,
    object_of,
    open_gcm,
)
from vault.formats.reading import Read, load_json, read_each, text_of
from vault.formats.refusals import Damaged, FormatRefusal, PasswordNeeded

name = "2fas"
NEWEST_SCHEMA = 4
ITERATIONS = 10_000


def recognises(data: bytes) -> bool:
    return fits(document_of(data))


def fits(document: Any) -> bool:
    if not isinstance(document, dict) or "schemaVersion" not in document:
        return False
    return "services" in document or "servicesEncrypted" in document


def read(data: bytes, *, password: str | None = None) -> Read:
    document = load_json(data)
    if not fits(document):
        raise Damaged
    schema = document["schemaVersion"]
    if not isinstance(schema, int) or not 1 <= schema <= NEWEST_SCHEMA:
        raise FormatRefusal("unknown format")

    groups = {
        text_of(group.get("id")): text_of(group.get("name"))
        for group in map(object_of, list_of(document.get("groups")))
    }
    services = _services(document, password)
    services.sort(key=_place)
    return read_each(
        services,
        lambda service: _account(service, groups),
        groups=tuple(filter(None, map(tidy, groups.values()))),
    )


def _services(document: dict[str, Any], password: str | None) -> list[Any]:
    sealed = text_of(document.get("servicesEncrypted"))
    if not sealed:
        return list(list_of(document.get("services")))
    if not password:
        raise PasswordNeeded
    parts = sealed.split(":")
    if len(parts) != 3:
        raise Damaged
    ciphertext, salt, nonce = map(base64_of, parts)
    key = kdf.pbkdf2(password, salt, ITERATIONS, algorithm="sha256")
    return list(list_of(load_json(open_gcm(key, nonce, ciphertext))))


def _place(service: Any) -> int:
    """The place a person gave it; what has none stays at the end, in its order."""
    order = service.get("order") if isinstance(service, dict) else None
    place = order.get("position") if isinstance(order, dict) else None
    return place if isinstance(place, int) else 1 << 60


def _account(service: Any, groups: dict[str, str]) -> OtpAccount:
    service = object_of(service)
    # Early schemas leave out most of it, later ones write null.
    otp = object_of(service.get("otp"))
    issuer, own_issuer = text_of(service.get("name")), text_of(otp.get("issuer"))
    account = text_of(otp.get("account")) or text_of(otp.get("label"))
    # Renamed in the app: the name shown there wins, and the old one is not lost.
    note = own_issuer if issuer and own_issuer and own_issuer != issuer else ""
    return account_of(
        text_of(otp.get("tokenType")) or "totp",
        text_of(service.get("secret")),
        issuer=issuer or own_issuer,
        name=account,
        algorithm=otp.get("algorithm"),
        digits=otp.get("digits"),
        period=otp.get("period"),
        counter=otp.get("counter"),
        note=note_of(note),
        groups=[groups.get(text_of(service.get("groupId")), "")],
    )
