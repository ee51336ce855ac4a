"""Backup sign-in codes: ten that open the account once each when the second factor is lost.

The database holds the HMAC of a code under a lasting key, bound to its user and sealed in its
place. A code is found by `verify` and burned by `consume`, inside the transaction that starts the
session; what is refused later leaves it unused. Whoever is refused learns nothing: each attempt
opens and compares ten hashes, with dummies where the user has fewer.

Promised: a code works once, whatever runs in parallel; two sets of one user are never valid
together; after `generate` or `invalidate` has answered no older code works. Not promised: that a
database restored from elsewhere knows what was used since (see `restore_policy`).
"""

from __future__ import annotations

import functools
import hmac
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from accounts import factors
from accounts.models import User
from audit import context as audit_context
from audit import events
from audit import services as audit
from core import geo, keyring, lasting, sealing
from notifications import services as notifications
from recovery import codes
from recovery.models import RecoveryCode, RecoverySet

logger = logging.getLogger(__name__)

COUNT = 10
PURPOSE = "recovery-code"
AMR = factors.RECOVERY
LOW = 3
NOBODY = "nobody"
# Whoever helps is not shown to the user by address and browser, as if it were an intruder.
NOWHERE = {"address": "", "browser": ""}
NO_FACTOR_LEFT = gettext_noop("No second factor is left.")
COMPROMISED = gettext_noop("Somebody else was in the account.")


class RecoveryRefused(Exception):
    """The base of the refusals here."""


class CodeRefused(RecoveryRefused):
    """Not an unused code of the user's valid set; `reason` is for the audit log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__("This backup sign-in code is not valid.")
        self.reason = reason


class ChangedMeanwhile(RecoveryRefused):
    """The codes were made or invalidated elsewhere since the page was opened."""


class NoFactor(RecoveryRefused):
    """Backup codes stand in for a second factor; the user has none."""


class NothingToInvalidate(RecoveryRefused):
    """The user has no valid codes."""


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set and its codes, in groups, for the one page that shows them."""

    set_id: UUID
    codes: tuple[str, ...] = field(repr=False)


def valid_set(user_id: UUID) -> RecoverySet | None:
    return RecoverySet.objects.valid().filter(user_id=user_id).first()


def left(recovery_set: RecoverySet) -> int:
    return recovery_set.codes.filter(used_at=None).count()


def is_due(user: User) -> bool:
    """Whether somebody with a second factor has no codes that they are known to have kept."""
    if factors.count(user) == 0:
        return False
    return not RecoverySet.objects.valid().filter(user=user, confirmed_at__isnull=False).exists()


def generate(user: User, *, replaces: UUID | None, at: datetime) -> NewSet:
    """Make ten codes; those of the set `replaces` die at once.

    `replaces` is what the person saw when they asked. Raises ChangedMeanwhile or NoFactor.
    """
    if factors.count(user) == 0:
        raise NoFactor
    plain = _distinct()
    with transaction.atomic():
        _supersede(user, replaces, at=at)
        row = _start_set(user, at=at)
        RecoveryCode.objects.bulk_create(_sealed(row, code, at=at) for code in plain)
        audit.record(events.RECOVERY_GENERATED, user=user.pk, at=at)
        notifications.notify(user, "recovery_codes_made", at=at)
    return NewSet(row.id, tuple(codes.grouped(code) for code in plain))


def mark_shown(set_id: UUID, *, at: datetime) -> None:
    """Note that the page with the codes was made."""
    with transaction.atomic():
        row = RecoverySet.objects.get(pk=set_id)
        if RecoverySet.objects.filter(pk=set_id, shown_at=None).update(shown_at=at):
            audit.record(events.RECOVERY_SHOWN, user=row.user_id, at=at)


def confirm_kept(user: User, *, typed: str, at: datetime) -> None:
    """Somebody types a code back, which is not used up by it; raises CodeRefused."""
    code_id = verify(user.pk, typed=typed)
    with transaction.atomic():
        set_id = RecoveryCode.objects.values_list("recovery_set", flat=True).get(pk=code_id)
        # Conditions of the row itself alone, so that of two that come at once one is recorded.
        row = RecoverySet.objects.valid().filter(pk=set_id, confirmed_at=None)
        if row.update(confirmed_at=at):
            audit.record(events.RECOVERY_CONFIRMED, user=user.pk, at=at)


def verify(user_id: UUID, *, typed: str) -> UUID:
    """The id of the user's unused code; raises CodeRefused. Burns nothing."""
    if len(typed) > codes.LONGEST_TYPED:
        raise CodeRefused("not a code")
    digest, is_code = _digest_of(user_id, typed)
    found, is_used, has_codes = None, False, False
    for code_id, owner, token, was_used in _ten_rows(user_id):
        is_this = _matches(owner, code_id, token, digest)
        is_own = owner == user_id
        has_codes = has_codes or is_own
        if is_this and is_own:
            found, is_used = UUID(str(code_id)), bool(was_used)
    if found is not None and not is_used:
        return found
    raise CodeRefused(_reason(is_code=is_code, has_codes=has_codes, is_used=is_used))


def consume(code_id: UUID, *, at: datetime) -> None:
    """Burn a verified code inside the transaction that it opens; raises factors.ProofRefused.

    The row of the set is claimed first, so that making new codes and using an old one come one
    after the other, never side by side.
    """
    origin = audit_context.current()
    with transaction.atomic():
        code = RecoveryCode.objects.filter(pk=code_id)
        set_id = code.values_list("recovery_set", flat=True).first()
        if set_id is None:
            raise factors.ProofRefused
        claimed = RecoverySet.objects.valid().filter(pk=set_id).update(last_used_at=at)
        burned = code.filter(recovery_set=set_id, used_at=None).update(
            used_at=at, used_address=origin.address, used_browser=origin.browser
        )
        if claimed != 1 or burned != 1:
            raise factors.ProofRefused
        _tell_used(RecoverySet.objects.select_related("user").get(pk=set_id), origin, at=at)


def invalidate(
    user: User,
    *,
    by: User | None,
    reason: str = "",
    as_operator: bool = False,
    tells: bool = True,
    at: datetime,
) -> None:
    """End the user's codes at once; raises NothingToInvalidate.

    `by` is the user themselves, an operator, or None for the console and the site itself.
    """
    with transaction.atomic():
        if RecoverySet.objects.valid().filter(user=user).update(invalidated_at=at) != 1:
            raise NothingToInvalidate
        is_own = by is not None and by.pk == user.pk and not as_operator
        audit.record(
            events.RECOVERY_INVALIDATED,
            user=user.pk,
            details={"reason": reason} if reason else None,
            facts={"by": "user" if is_own else str(by.pk) if by else "site"},
            at=at,
        )
        if tells:
            words = {"reason": reason} | ({} if is_own else NOWHERE)
            notifications.notify(user, "recovery_codes_invalidated", params=words, at=at)


def invalidate_without_factor(user_id: UUID, *, at: datetime) -> None:
    """Codes do not outlive the last second factor: what comes later starts with new ones."""
    if not RecoverySet.objects.valid().filter(user_id=user_id).exists():
        return
    user = User.objects.get(pk=user_id)
    if factors.count(user) == 0:
        invalidate(user, by=None, reason=NO_FACTOR_LEFT, at=at, tells=False)


def end_all(user_id: UUID, *, at: datetime) -> None:
    """End the codes of somebody whose account was in other hands, if there are any."""
    if RecoverySet.objects.valid().filter(user_id=user_id).exists():
        invalidate(User.objects.get(pk=user_id), by=None, reason=COMPROMISED, at=at)


def section(user: User) -> tuple[str, dict[str, object]]:
    """What the security page shows."""
    row = valid_set(user.pk)
    used = row.codes.exclude(used_at=None).order_by("-used_at") if row else []
    remaining = left(row) if row else 0
    return "recovery/section.html", {
        "set": row,
        "left": remaining,
        "made": COUNT,
        "used": used,
        "is_low": row is not None and remaining <= LOW,
        "has_factor": factors.count(user) > 0,
    }


def _distinct() -> list[str]:
    plain: dict[str, None] = {}
    while len(plain) < COUNT:
        plain[codes.make()] = None
    return list(plain)


def _supersede(user: User, replaces: UUID | None, *, at: datetime) -> None:
    current = RecoverySet.objects.valid().filter(user=user)
    if replaces is None:
        if current.exists():
            raise ChangedMeanwhile
        return
    if current.filter(pk=replaces).update(superseded_at=at) != 1:
        raise ChangedMeanwhile
    audit.record(events.RECOVERY_SUPERSEDED, user=user.pk, at=at)


def _start_set(user: User, *, at: datetime) -> RecoverySet:
    try:
        with transaction.atomic():
            return RecoverySet.objects.create(user=user, generated_at=at)
    except IntegrityError:
        # Made in another window at the same moment: the constraint keeps that one.
        raise ChangedMeanwhile from None


def _sealed(row: RecoverySet, code: str, *, at: datetime) -> RecoveryCode:
    code_row = RecoveryCode(recovery_set=row, user_id=row.user_id, created_at=at)
    sealing.seal_field(code_row, "code_hash", _digest(row.user_id, code))
    return code_row


def _digest(user_id: UUID, code: str) -> bytes:
    return hmac.digest(lasting.key(PURPOSE), user_id.bytes + code.encode(), "sha256")


def _digest_of(user_id: UUID, typed: str) -> tuple[bytes, bool]:
    """What to compare with; text that is no code gets a digest that no code has."""
    try:
        return _digest(user_id, codes.read(typed)), True
    except codes.NotACode:
        return _digest(user_id, ""), False


Row = tuple[UUID | str, UUID | str, str, bool]


def _ten_rows(user_id: UUID) -> Iterator[Row]:
    """The user's codes, or as many of somebody else, or dummies: ten in any case.

    What is not the user's own cannot match, as their id is part of each hash; it is there so that
    every attempt does the same work.
    """
    rows = RecoveryCode.objects.of_valid_set_or_decoys(user_id)
    # Whether and not when: reading a time takes longer than reading none, for every used code.
    rows = rows.annotate(was_used=Q(used_at__isnull=False))
    number = 0
    for row in rows.values_list("id", "user_id", "code_hash", "was_used")[:COUNT]:
        number += 1
        yield row
    dummy = _dummy(keyring.ring().current)
    for _ in range(number, COUNT):
        yield "dummy", NOBODY, dummy, False


@functools.lru_cache(maxsize=2)
def _dummy(key_id: str) -> str:
    # Sealed anew when the master key changes, which is what `key_id` says.
    return sealing.seal(PURPOSE, NOBODY, sealing.place_of("dummy", "code_hash"), bytes(32))


def _matches(owner: UUID | str, row_id: UUID | str, token: str, digest: bytes) -> bool:
    try:
        kept = sealing.unseal(PURPOSE, owner, sealing.place_of(row_id, "code_hash"), token)
    except sealing.SealingError:
        # One damaged row must not take the other nine away from their owner.
        logger.exception("A backup sign-in code cannot be opened and is passed over.")
        return False
    return hmac.compare_digest(kept, digest)


def _reason(*, is_code: bool, has_codes: bool, is_used: bool) -> str:
    if not is_code:
        return "not a code"
    if not has_codes:
        return "no codes"
    return "code used" if is_used else "code wrong"


def _tell_used(row: RecoverySet, origin: audit_context.Origin, *, at: datetime) -> None:
    remaining = left(row)
    audit.record(events.RECOVERY_REDEEMED, user=row.user_id, facts={"left": remaining}, at=at)
    place = geo.locate(origin.address) if origin.address else None
    words = {"left": str(remaining), "place": str(place or "")}
    notifications.notify(row.user, "recovery_code_used", params=words, at=at)
    if remaining in {LOW, 0}:
        notifications.notify(row.user, "recovery_codes_low", params=words, at=at)
