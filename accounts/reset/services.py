"""Resetting a forgotten password with a mailed link.

link -> second factor, where one is enrolled -> new password. Where none is enrolled the link works
a day after it was asked for, and every live session of the account can stop it until then: who
reads somebody's mail must not read every code of theirs at once.

Which reset a browser is about stands in its anonymous session. A reset starts no session; the
person signs in with the new password, as always.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url

from accounts import factors, signals
from accounts.credentials import NewCredentials
from accounts.models import PasswordReset, User
from accounts.reset import asking
from audit import events
from audit import services as audit
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot
from notifications import services as notifications

KEY = "password_reset"
PROOF_FOR = timedelta(minutes=10)
# How long a session shows codes and nothing more, after a reset that no factor has guarded.
RESTRICTED_FOR = timedelta(hours=24)

CHANGED = (
    *("password", "kdf_salt", "kdf_iterations", "credentials_version"),
    *("reset_open_until", "restricted_until"),
)


class ResetRefused(Exception):
    """The base of the refusals here."""


class LinkNotValid(ResetRefused):
    """The link was used, stopped or replaced, has expired, or never existed."""


class TooEarly(ResetRefused):
    """The link is good, and does not work yet."""

    def __init__(self, usable_from: datetime) -> None:
        super().__init__("The link does not work yet.")
        self.usable_from = usable_from


class FactorNeeded(ResetRefused):
    """A second factor is enrolled and was not shown in the last ten minutes."""

    def __init__(self, user: User) -> None:
        super().__init__("Show your second factor first.")
        self.user = user


class RecoveryRefused(ResetRefused):
    """No recovery key or passkey was shown of the vault key that the new slot wraps."""


def open_link(request: HttpRequest, token: str, *, at: datetime) -> None:
    """Let this browser go on with the reset of a token; raises LinkNotValid."""
    row = (
        PasswordReset.objects.select_related("user")
        .filter(token_hash=asking.hash_of(token))
        .first()
    )
    if (
        row is None
        or not asking.is_for(row.user)
        or not PasswordReset.open(at=at).filter(id=row.id)
    ):
        _record_refusal(row, at=at)
        raise LinkNotValid
    # Whose it is stands in the session, so that no rewritten row leads to somebody else.
    request.session[KEY] = {
        "id": str(row.id),
        "user_id": str(row.user.id),
        "credentials_version": row.user.credentials_version,
    }


def pending(request: HttpRequest, *, at: datetime) -> PasswordReset:
    """The reset that this browser goes on with; raises LinkNotValid."""
    kept = request.session.get(KEY)
    if kept is None:
        raise LinkNotValid
    rows = PasswordReset.open(at=at).select_related("user")
    row = rows.filter(id=kept["id"], user_id=kept["user_id"]).first()
    if row is None or not asking.is_for(row.user):
        raise LinkNotValid
    if row.user.credentials_version != kept["credentials_version"]:
        raise LinkNotValid
    return row


def proofs(user: User) -> list[factors.Way]:
    """The pages on which somebody who resets a password can show a second factor."""
    return [
        factors.Way(factor.title, resolve_url(factor.reset_url_name))
        for factor in factors.enrolled(user)
        if factor.reset_url_name
    ]


def add_proof(request: HttpRequest, proof: factors.Proof, *, at: datetime) -> None:
    """Note a verified second factor; it is consumed when the password is set."""
    pending(request, at=at)
    kept = request.session[KEY]
    request.session[KEY] = {**kept, "proof": proof.as_json(), "proven_at": at.timestamp()}


def check(request: HttpRequest, row: PasswordReset, *, at: datetime) -> factors.Proof | None:
    """Whether the password may be set now; the answer is the proof that was shown.

    Raises TooEarly, FactorNeeded, or LinkNotValid. What is asked now decides, next to what was
    asked when the link was mailed: a factor added since is asked for, and a link that counted on
    a factor is worth nothing without one.
    """
    if at < row.usable_from:
        raise TooEarly(row.usable_from)
    kept = request.session[KEY]
    if not factors.enrolled(row.user):
        if row.counts_on_a_factor:
            raise LinkNotValid
        return None
    age = at.timestamp() - kept.get("proven_at", 0)
    if "proof" not in kept or not 0 <= age < PROOF_FOR.total_seconds():
        raise FactorNeeded(row.user)
    return factors.Proof(**kept["proof"])


def slots(user: User, kind: str) -> list[crypto.AnySlot]:
    """What a recovery key or a passkey may open, to wrap the same vault key anew."""
    current = keyslots.current_vault_key(user.id)
    rows = keyslots.slots(user.id).filter(kind=kind, vault_key=current)
    return [keyslots.content(row) for row in rows]


def complete(
    row: PasswordReset,
    new: NewCredentials,
    *,
    proof: factors.Proof | None,
    recovery: bytes | None = None,
    at: datetime,
) -> None:
    """Set the new password, all or nothing, and end every session of the user.

    The caller has asked `check`. Where the new slot wraps the vault key in use, `recovery` proves
    that a notes recovery key was at hand, or `proof` that a passkey was which opens that key.
    Otherwise a new vault key starts. Raises LinkNotValid, RecoveryRefused,
    factors.ProofRefused or keyslots.SlotRefused; then nothing has changed.
    """
    with transaction.atomic():
        user = _claim(row, at=at)
        user.set_auth_secret(new.auth_secret, salt=new.slot.salt, iterations=new.slot.iterations)
        user.reset_open_until = None
        user.restricted_until = None if proof else at + RESTRICTED_FOR
        user.save(update_fields=CHANGED)
        opened_by = _keep_slot(user, new.slot, proof=proof, recovery=recovery, at=at)
        facts = {"factor": proof.factor if proof else "none", "notes": opened_by}
        audit.record(events.PASSWORD_RESET, user=user.id, facts=facts, at=at)
        signals.address_proven.send(sender=User, user_id=user.id, email=user.email, at=at)
        notifications.notify(user, "password_changed", at=at)
        signals.credentials_changed.send(sender=User, user_id=user.id, but=None, at=at)
        if proof is not None:
            factors.second_factor(proof.factor).consume(proof, at=at)


def stop(user: User, *, at: datetime) -> bool:
    """Stop every open reset of the user; False when there is none (any more)."""
    with transaction.atomic():
        stopped = PasswordReset.open(at=at).filter(user=user).update(stopped_at=at)
        User.objects.filter(pk=user.pk).update(reset_open_until=None)
        if stopped:
            audit.record(events.RESET_STOPPED, user=user.pk, at=at)
            notifications.notify(user, "password_reset_stopped", at=at)
    return bool(stopped)


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def _claim(row: PasswordReset, *, at: datetime) -> User:
    # Conditions of this row alone: with a join PostgreSQL would look for the row before it waits
    # for another's claim, and both would win.
    claimed = PasswordReset.open(at=at).filter(id=row.id, user_id=row.user_id, usable_from__lte=at)
    if claimed.update(used_at=at) != 1:
        raise LinkNotValid
    users = User.objects.select_for_update().filter(
        pk=row.user_id, is_active=True, credentials_version=row.user.credentials_version
    )
    user = users.first()
    if user is None:
        raise LinkNotValid
    return user


def _keep_slot(
    user: User,
    slot: crypto.PasswordSlot,
    *,
    proof: factors.Proof | None,
    recovery: bytes | None,
    at: datetime,
) -> str:
    """Keep the new password's slot; the answer is what keeps the notes open, or "closed"."""
    if recovery is not None:
        opener, name = keyslots.prove_recovery(user.id, recovery), "recovery key"
    elif _is_current(user, slot.vault_key_id):
        opener, name = _slot_of_passkey(user, proof), "passkey"
    else:
        keyslots.start_vault_key(user.id, slot, at=at)
        return "closed"
    if opener is None or opener.vault_key_id != slot.vault_key_id:
        raise RecoveryRefused
    keyslots.mark_used(user.id, opener.id, at=at)
    keyslots.replace_password_slot(user.id, slot, at=at)
    return name


def _is_current(user: User, vault_key_id: UUID) -> bool:
    current = keyslots.current_vault_key(user.id)
    return current is not None and current.id == vault_key_id


def _slot_of_passkey(user: User, proof: factors.Proof | None) -> KeySlot | None:
    """What the passkey opens that was shown on the way here."""
    if proof is None or proof.factor != "passkey":
        return None
    row = user.passkeys.select_related("slot").filter(pk=proof.reference).first()
    return row.slot if row else None


def _record_refusal(row: PasswordReset | None, *, at: datetime) -> None:
    user = row.user_id if row else None
    facts = {"reason": f"link {_ending(row)}"}
    audit.record_refusal(events.RESET_REFUSED, user=user, facts=facts, at=at)


def _ending(row: PasswordReset | None) -> str:
    if row is None:
        return "unknown"
    if row.used_at:
        return "used"
    return "stopped" if row.stopped_at else "expired"
