"""Passkeys and security keys of an account (WebAuthn level 2)."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import factors
from accounts.models import Passkey, User
from accounts.passkeys import authenticators, relying_party
from accounts.passkeys.relying_party import CONFIRM, ENROL, FACTOR, SIGN_IN
from audit import events
from audit import services as audit
from keyslots import crypto
from keyslots import services as keyslots
from notifications import services as notifications

MOST_PASSKEYS = 20
TRANSPORTS = frozenset({"usb", "nfc", "ble", "hybrid", "internal", "smart-card"})
# A passkey alone signs in, so whoever holds it must be verified; after a password it need not be.
VERIFICATION = {
    ENROL: UserVerificationRequirement.REQUIRED,
    SIGN_IN: UserVerificationRequirement.REQUIRED,
    CONFIRM: UserVerificationRequirement.REQUIRED,
    FACTOR: UserVerificationRequirement.PREFERRED,
}


class PasskeyRefused(Exception):
    """The base of the refusals here; whoever signs in is told the same for all of them."""


class NotAccepted(PasskeyRefused):
    """Malformed, for another site or challenge, unknown, or with a signature that is wrong."""


class CounterWentBack(PasskeyRefused):
    """The key's counter did not grow: there may be a copy of it."""


class PrfResultPosted(PasskeyRefused):
    """A body carries a PRF result, which opens the vault key and must stay in the browser."""


class TooManyPasskeys(PasskeyRefused):
    """The user has as many passkeys as anybody needs."""


def refuse_prf_result(answer: object) -> None:
    """Raise PrfResultPosted when results of the PRF extension stand anywhere in a body."""
    if isinstance(answer, Mapping):
        prf = answer.get("prf")
        if isinstance(prf, Mapping) and "results" in prf:
            raise PrfResultPosted
        for part in answer.values():
            refuse_prf_result(part)
    elif isinstance(answer, list):
        for part in answer:
            refuse_prf_result(part)


def enrolment_options(request: HttpRequest, user: User, *, at: datetime) -> dict[str, Any]:
    """What `navigator.credentials.create` needs, as JSON; raises TooManyPasskeys."""
    if user.passkeys.count() >= MOST_PASSKEYS:
        raise TooManyPasskeys
    options, state = relying_party.server().register_begin(
        PublicKeyCredentialUserEntity(
            id=crypto.decode_base64url(_handle(user)),
            name=user.email,
            display_name=user.get_full_name(),
        ),
        credentials=_descriptors(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=VERIFICATION[ENROL],
    )
    relying_party.keep(request, ENROL, state, user=user, at=at)
    return dict(options)


def enrol(
    request: HttpRequest, user: User, answer: Any, *, name: str, at: datetime
) -> tuple[Passkey, str]:
    """Store a new passkey; raises PasskeyRefused or ChallengeGone. Also the URL to go on with."""
    refuse_prf_result(answer)
    state = relying_party.pop(request, ENROL, user=user, at=at)
    with _strictly():
        seen = relying_party.server().register_complete(state, answer)
        transports = answer["response"].get("transports") or []
    credential = seen.credential_data
    if credential is None:
        raise NotAccepted
    aaguid = UUID(bytes=bytes(credential.aaguid)) if credential.aaguid else None
    row = Passkey(
        user=user,
        name=name or authenticators.name_of(aaguid),
        credential_id=crypto.encode_base64url(credential.credential_id),
        public_key=cbor.encode(dict(credential.public_key)),
        sign_count=seen.counter,
        aaguid=aaguid,
        transports=sorted(TRANSPORTS.intersection(map(str, transports))),
        is_discoverable=_is_discoverable(answer),
        is_backed_up=bool(seen.flags & seen.FLAG.BS),
        created_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            next_url = factors.announce_enrolled(
                request, user, factor="passkey", amr="passkey", at=at
            )
    except IntegrityError:
        raise NotAccepted from None
    return row, next_url


def request_options(
    request: HttpRequest, purpose: str, *, user: User | None, at: datetime
) -> dict[str, Any]:
    """What `navigator.credentials.get` needs, as JSON; without a user any passkey may answer."""
    options, state = relying_party.server().authenticate_begin(
        credentials=_descriptors(user) if user else None,
        user_verification=VERIFICATION[purpose],
    )
    relying_party.keep(request, purpose, state, user=user, at=at)
    return dict(options)


def judge(
    request: HttpRequest, purpose: str, answer: Any, *, user: User | None, at: datetime
) -> Passkey:
    """The passkey that answered the challenge; raises PasskeyRefused or ChallengeGone."""
    refuse_prf_result(answer)
    state = relying_party.pop(request, purpose, user=user, at=at)
    row, response = _find(answer, user)
    with _strictly():
        relying_party.server().authenticate_complete(state, [_credential(row)], answer)
    _count_up(row, response.response.authenticator_data.counter, at=at)
    return row


def rename(user: User, passkey_id: UUID, name: str) -> None:
    user.passkeys.filter(pk=passkey_id).update(name=name)


def remove(request: HttpRequest, user: User, passkey_id: UUID, *, at: datetime) -> bool:
    """Remove a passkey and the slot it opens; False when it is gone already."""
    with transaction.atomic():
        row = user.passkeys.filter(pk=passkey_id).first()
        if row is None or user.passkeys.filter(pk=passkey_id).delete()[0] != 1:
            return False
        if row.slot_id:
            keyslots.remove_slot(user.pk, row.slot_id, at=at)
        audit.bury("passkey", passkey_id, at=at)
        factors.announce_removed(request, user, factor="passkey", at=at)
    return True


def add_slot(user: User, passkey_id: UUID, slot: crypto.AnySlot, *, at: datetime) -> None:
    """Keep the slot that a passkey opens; raises keyslots.SlotRefused."""
    with transaction.atomic():
        row = user.passkeys.select_for_update().get(pk=passkey_id)
        kept = keyslots.add_slot(user.pk, slot, kind="passkey", name=row.name, at=at)
        if user.passkeys.filter(pk=row.pk, slot=None).update(slot=kept) != 1:
            raise keyslots.SlotRefused("This passkey opens the vault key already.")


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    rows = list(user.passkeys.order_by("created_at"))
    return {"passkeys": [(row, authenticators.name_of(row.aaguid)) for row in rows]}


@contextlib.contextmanager
def _strictly() -> Iterator[None]:
    """The library's parsers raise whatever malformed input makes them raise: one refusal."""
    try:
        yield
    except Exception as error:
        raise NotAccepted from error


def _handle(user: User) -> str:
    if user.passkey_handle is None:
        handle = crypto.encode_base64url(secrets.token_bytes(32))
        User.objects.filter(pk=user.pk, passkey_handle=None).update(passkey_handle=handle)
        user.refresh_from_db(fields=["passkey_handle"])
    return str(user.passkey_handle)


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY,
            id=crypto.decode_base64url(row.credential_id),
            transports=row.transports or None,
        )
        for row in user.passkeys.all()
    ]


def _find(answer: Any, user: User | None) -> tuple[Passkey, AuthenticationResponse]:
    with _strictly():
        response = AuthenticationResponse.from_dict(answer)
        credential_id = crypto.encode_base64url(response.raw_id)
        handle = response.response.user_handle
    rows = Passkey.objects.select_related("user").filter(credential_id=credential_id)
    row = (rows.filter(user=user) if user else rows).first()
    if row is None or not row.user.is_active:
        raise NotAccepted
    # Without a user the passkey itself says whose it is; what it says must fit.
    if (user is None or handle) and handle != crypto.decode_base64url(_handle(row.user)):
        raise NotAccepted
    return row, response


def _credential(row: Passkey) -> AttestedCredentialData:
    aaguid = Aaguid(row.aaguid.bytes if row.aaguid else bytes(16))
    key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(bytes(row.public_key))))
    return AttestedCredentialData.create(aaguid, crypto.decode_base64url(row.credential_id), key)


def _count_up(row: Passkey, counter: int, *, at: datetime) -> None:
    rows = Passkey.objects.filter(pk=row.pk)
    if counter or row.sign_count:
        # Claimed by condition: of two copies of a key that sign at once, one is refused.
        if rows.filter(sign_count__lt=counter).update(sign_count=counter, last_used_at=at) != 1:
            audit.record(events.COUNTER_WENT_BACK, user=row.user_id, at=at)
            notifications.notify(row.user, "passkey_copied", params={"name": row.name}, at=at)
            raise CounterWentBack
    else:
        rows.update(last_used_at=at)


def _is_discoverable(answer: Mapping[str, Any]) -> bool:
    outputs = answer.get("clientExtensionResults")
    properties = outputs.get("credProps") if isinstance(outputs, Mapping) else None
    return isinstance(properties, Mapping) and properties.get("rk") is True
