"""Passkeys and security keys of an account (WebAuthn level 2)."""

from __future__ import annotations

import contextlib
import json
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
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import factors
from accounts.models import Passkey, User
from accounts.passkeys import answers, authenticators, relying_party
from accounts.passkeys.relying_party import CONFIRM, ENROL, FACTOR, RESET, SIGN_IN
from audit import events
from audit import services as audit
from keyslots import crypto
from keyslots import services as keyslots
from notifications import services as notifications

MOST_PASSKEYS = 20
# A passkey alone signs in, so whoever holds it must be verified; after a password it need not be,
# and a key that cannot verify anybody may be added for that.
VERIFICATION = {
    ENROL: UserVerificationRequirement.PREFERRED,
    SIGN_IN: UserVerificationRequirement.REQUIRED,
    CONFIRM: UserVerificationRequirement.REQUIRED,
    FACTOR: UserVerificationRequirement.PREFERRED,
    RESET: UserVerificationRequirement.PREFERRED,
}
EVENTS = {
    ENROL: events.FACTOR_REFUSED,
    SIGN_IN: events.SESSION_START_REFUSED,
    CONFIRM: events.CONFIRM_REFUSED,
    FACTOR: events.FACTOR_REFUSED,
    RESET: events.FACTOR_REFUSED,
}


class CounterWentBack(answers.NotAccepted):
    """The key's counter did not grow: there may be a copy of it."""


class TooManyPasskeys(answers.PasskeyRefused):
    """The user has as many passkeys as anybody needs."""


def enrolment_options(
    request: HttpRequest, user: User, *, opens_notes: bool, at: datetime
) -> dict[str, Any]:
    """What `navigator.credentials.create` needs, as JSON; raises TooManyPasskeys.

    The PRF result differs with and without a verified user, so that what opens the notes must
    have seen one from the start.
    """
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
        user_verification=(
            UserVerificationRequirement.REQUIRED if opens_notes else VERIFICATION[ENROL]
        ),
    )
    relying_party.keep(request, ENROL, state, user=user, at=at)
    return dict(options)


def enrol(
    request: HttpRequest, user: User, answer: Any, *, name: str, at: datetime
) -> tuple[Passkey, str]:
    """Store a new passkey, and the URL to go on with; raises PasskeyRefused or ChallengeGone."""
    with _reported(request, ENROL, user, at=at):
        row = _read_new(request, user, answer, name=name, at=at)
        try:
            with transaction.atomic():
                _check_room(user)
                row.save(force_insert=True)
                next_url = factors.announce_enrolled(
                    request, user, factor="passkey", amr="passkey", at=at
                )
        except IntegrityError:
            raise answers.NotAccepted from None
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
    """The passkey that answered the challenge; raises answers.PasskeyRefused or ChallengeGone."""
    with _reported(request, purpose, user, at=at):
        with answers.strictly(answers.Malformed):
            response = AuthenticationResponse.from_dict(answer)
            shown = answers.shown_challenge(response.response.client_data)
            credential_id = crypto.encode_base64url(response.raw_id)
        state = relying_party.pop(request, purpose, shown, user=user, at=at)
        row = _find(credential_id, user)
        try:
            _check_owner(row, response, is_named=user is not None)
            with answers.strictly(answers.NotAccepted):
                relying_party.server().authenticate_complete(state, [_credential(row)], answer)
            _count_up(row, response.response.authenticator_data, at=at)
        except answers.NotAccepted as refusal:
            refusal.owner = row.user
            raise
    return row


def rename(user: User, passkey_id: UUID, name: str) -> None:
    user.passkeys.filter(pk=passkey_id).update(name=name)


def described(row: Passkey) -> str:
    """JSON with which a page's script asks for one passkey by itself, to evaluate its PRF."""
    descriptor = {"id": row.credential_id, "transports": row.transports}
    return json.dumps({"rpId": relying_party.server().rp.id, "credential": descriptor})


def remove(request: HttpRequest, user: User, passkey_id: UUID, *, at: datetime) -> bool:
    """Remove a passkey and the slot it opens; False when it is gone already."""
    with transaction.atomic():
        row = user.passkeys.filter(pk=passkey_id).first()
        if row is None or user.passkeys.filter(pk=passkey_id).delete()[0] != 1:
            return False
        if row.slot_id:
            keyslots.remove_slot(user.pk, row.slot_id, at=at)
            audit.bury("key_slot", row.slot_id, at=at)
        audit.bury("passkey", passkey_id, at=at)
        factors.announce_removed(request, user, factor="passkey", at=at)
    return True


def add_slot(
    user: User,
    passkey_id: UUID,
    slot: crypto.AnySlot,
    *,
    older: crypto.AnySlot | None = None,
    at: datetime,
) -> None:
    """Keep the slot that a passkey opens; raises keyslots.SlotRefused.

    A passkey that still opens an earlier vault key brings that along in `older`, wrapped under
    the key in use: otherwise what only it opens would be lost.
    """
    with transaction.atomic():
        row = user.passkeys.select_for_update().get(pk=passkey_id)
        if older is not None and row.slot_id is not None:
            kept = keyslots.keep_former(user.pk, row.slot_id, older, again=slot, at=at)
        else:
            kept = keyslots.add_slot(user.pk, slot, kind="passkey", name=row.name, at=at)
        if user.passkeys.filter(pk=row.pk, slot=None).update(slot=kept) != 1:
            raise keyslots.SlotRefused("This passkey opens the vault key already.")


def section(user: User) -> dict[str, object]:
    """What the security page shows."""
    rows = list(user.passkeys.order_by("created_at"))
    named = [(row, authenticators.name_of(row.aaguid, row.transports)) for row in rows]
    return {"passkeys": named}


@contextlib.contextmanager
def _reported(
    request: HttpRequest, purpose: str, user: User | None, *, at: datetime
) -> Iterator[None]:
    """Record what is refused inside, for the user or for the owner of the passkey.

    Only a proof that was judged counts towards a lock-out: a page that was left open for too long,
    or somebody who sends one answer again and again, must not close the account.
    """
    try:
        yield
    except (answers.PasskeyRefused, relying_party.ChallengeGone) as refusal:
        owner = user or getattr(refusal, "owner", None)
        event, reason = EVENTS[purpose], _reason(refusal)
        if owner is not None and isinstance(refusal, answers.NotAccepted):
            factors.report_failure(
                request, owner, factor="passkey", event=event, reason=reason, at=at
            )
        else:
            facts = {"factor": "passkey", "reason": reason}
            audit.record(event, user=owner.pk if owner else None, facts=facts, at=at)
        raise


def _reason(refusal: Exception) -> str:
    if isinstance(refusal, relying_party.ChallengeGone):
        return "passkey too late"
    return "passkey malformed" if isinstance(refusal, answers.Malformed) else "passkey not accepted"


def _read_new(request: HttpRequest, user: User, answer: Any, *, name: str, at: datetime) -> Passkey:
    with answers.strictly(answers.Malformed):
        response = RegistrationResponse.from_dict(answer).response
        shown = answers.shown_challenge(response.client_data)
        transports = answers.transports(answer)
    state = relying_party.pop(request, ENROL, shown, user=user, at=at)
    with answers.strictly(answers.NotAccepted):
        seen = relying_party.server().register_complete(state, answer)
        credential = answers.usable(seen.credential_data)
    aaguid = UUID(bytes=bytes(credential.aaguid)) if credential.aaguid else None
    return Passkey(
        user=user,
        name=name or authenticators.name_of(aaguid, transports),
        credential_id=crypto.encode_base64url(credential.credential_id),
        public_key=cbor.encode(dict(credential.public_key)),
        sign_count=seen.counter,
        aaguid=aaguid,
        transports=transports,
        is_discoverable=answers.is_discoverable(answer),
        is_backed_up=seen.is_backed_up(),
        created_at=at,
    )


def _check_room(user: User) -> None:
    # The row of the user keeps two enrolments at the same time apart.
    User.objects.select_for_update().get(pk=user.pk)
    if user.passkeys.count() >= MOST_PASSKEYS:
        raise TooManyPasskeys


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


def _find(credential_id: str, user: User | None) -> Passkey:
    rows = Passkey.objects.select_related("user").filter(credential_id=credential_id)
    row = (rows.filter(user=user) if user else rows).first()
    if row is None:
        raise answers.NotAccepted
    return row


def _check_owner(row: Passkey, response: AuthenticationResponse, *, is_named: bool) -> None:
    handle = response.response.user_handle
    if not row.user.is_active:
        raise answers.NotAccepted
    # Without a user the passkey itself says whose it is; what it says must fit.
    if (handle or not is_named) and handle != crypto.decode_base64url(_handle(row.user)):
        raise answers.NotAccepted


def _credential(row: Passkey) -> AttestedCredentialData:
    aaguid = Aaguid(row.aaguid.bytes if row.aaguid else bytes(16))
    key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(bytes(row.public_key))))
    return AttestedCredentialData.create(aaguid, crypto.decode_base64url(row.credential_id), key)


def _count_up(row: Passkey, seen: AuthenticatorData, *, at: datetime) -> None:
    rows = Passkey.objects.filter(pk=row.pk)
    backed_up = seen.is_backed_up()
    if not seen.counter and not row.sign_count:
        rows.update(last_used_at=at, is_backed_up=backed_up)
        return
    # Claimed by condition: of two copies of a key that sign at once, one is refused.
    counted = rows.filter(sign_count__lt=seen.counter).update(
        sign_count=seen.counter, last_used_at=at, is_backed_up=backed_up
    )
    if counted != 1:
        audit.record(events.COUNTER_WENT_BACK, user=row.user_id, at=at)
        notifications.notify(row.user, "passkey_copied", params={"name": row.name}, at=at)
        raise CounterWentBack
