"""Random histories of codes against a small model of what must hold."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts import factors
from accounts.models import User
from recovery import services as recovery
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from tests import base


class Codes(RuleBasedStateMachine):
    """The model: one number of the valid set or none, and the codes of it that are unused."""

    everything = Bundle("everything")
    verified = Bundle("verified")
    number: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        Codes.number += 1
        self.user = base.make_user(f"person{Codes.number}", with_slot=False)
        people.add_factor(self.user)
        self.unused: set[str] = set()
        self.ids: dict[object, str] = {}
        self.has_set = False

    def current(self) -> RecoverySet | None:
        return recovery.valid_set(self.user.pk)

    @rule(target=everything)
    def generate(self) -> object:
        made = people.make_codes(self.user)
        self.unused, self.has_set = set(made), True
        return multiple(*made)

    @rule(is_made_up=st.booleans())
    def generate_from_an_old_page(self, is_made_up: bool) -> None:
        if not is_made_up and not self.has_set:
            return
        try:
            recovery.generate(
                self.user, replaces=uuid4() if is_made_up else None, at=timezone.now()
            )
        except recovery.ChangedMeanwhile:
            return
        raise AssertionError("codes were replaced behind somebody's back")

    @rule(code=everything)
    def redeem(self, code: str) -> None:
        assert redeems(self.user, code) == (code in self.unused)
        self.unused.discard(code)

    @rule(target=verified, code=everything)
    def verify(self, code: str) -> object:
        try:
            code_id = recovery.verify(self.user.pk, typed=code)
        except recovery.CodeRefused:
            assert code not in self.unused
            return multiple()
        assert code in self.unused
        self.ids[code_id] = code
        return code_id

    @rule(code_id=consumes(verified))
    def consume_later(self, code_id: object) -> None:
        code = self.ids[code_id]
        try:
            recovery.consume(code_id, at=timezone.now())  # type: ignore[arg-type]
        except factors.ProofRefused:
            assert code not in self.unused
            return
        assert code in self.unused
        self.unused.discard(code)

    @rule()
    def invalidate(self) -> None:
        try:
            recovery.invalidate(self.user, by=self.user, at=timezone.now())
        except recovery.NothingToInvalidate:
            assert not self.has_set
        self.unused, self.has_set = set(), False

    @invariant()
    def has_at_most_one_valid_set_with_what_is_left(self) -> None:
        assert RecoverySet.objects.valid().filter(user=self.user).count() == int(self.has_set)
        assert RecoveryCode.objects.redeemable(self.user.pk).count() == len(self.unused)


def redeems(user: User, code: str) -> bool:
    try:
        recovery.consume(recovery.verify(user.pk, typed=code), at=timezone.now())
    except (recovery.CodeRefused, factors.ProofRefused):
        return False
    return True


class HistoryTests(base.TestCase):
    def test_holds_in_every_history(self) -> None:
        run_state_machine_as_test(
            Codes, settings=settings(max_examples=15, stateful_step_count=15, deadline=None)
        )
