from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import factors, signals
from accounts.models import TotpDevice, User
from audit.models import AuditEvent
from core import sealing
from notifications.models import Notification
from recovery import codes
from recovery import services as recovery
from recovery.factor import factor
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from tests import base

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def redeem(user: User, code: str) -> None:
    recovery.consume(recovery.verify(user.pk, typed=code), at=NOON)


class CodesTestCase(base.TestCase):
    codes: tuple[str, ...]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        people.add_factor(cls.alice)
        cls.codes = people.make_codes(cls.alice)

    def refused(self, user: User, typed: str) -> str:
        with pytest.raises(recovery.CodeRefused) as refusal:
            recovery.verify(user.pk, typed=typed)
        return refusal.value.reason


class GenerateTests(CodesTestCase):
    def test_makes_ten_different_codes(self) -> None:
        assert len({codes.read(code) for code in self.codes}) == 10
        assert RecoveryCode.objects.filter(user=self.alice).count() == 10

    def test_keeps_only_sealed_hashes(self) -> None:
        for row in RecoveryCode.objects.all():
            assert row.code_hash.startswith("k1:")
            assert len(sealing.open_field(row, "code_hash")) == 32

    def test_ends_the_earlier_ones(self) -> None:
        people.make_codes(self.alice)

        assert {self.refused(self.alice, code) for code in self.codes} == {"code wrong"}
        assert RecoverySet.objects.valid().filter(user=self.alice).count() == 1

    def test_refuses_when_the_codes_changed_meanwhile(self) -> None:
        for replaces in (None, uuid4()):
            with pytest.raises(recovery.ChangedMeanwhile):
                recovery.generate(self.alice, replaces=replaces, at=NOON)
        recovery.verify(self.alice.pk, typed=self.codes[0])

    def test_needs_a_factor(self) -> None:
        with pytest.raises(recovery.NoFactor):
            recovery.generate(self.bob, replaces=None, at=NOON)

    def test_cannot_leave_two_valid_sets_behind(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            RecoverySet.objects.create(user=self.alice, generated_at=NOON)

    def test_tells_the_user_and_the_log(self) -> None:
        names = list(AuditEvent.objects.order_by("id").values_list("event", flat=True))

        assert names[-1] == "recovery.generated"
        assert Notification.objects.get(user=self.alice).kind == "recovery_codes_made"

    def test_is_nowhere_in_the_database(self) -> None:
        rows = [*AuditEvent.objects.values(), *Notification.objects.values()]
        text = str([*rows, *RecoveryCode.objects.values(), *RecoverySet.objects.values()])

        for code in self.codes:
            assert code not in text
            assert codes.read(code) not in text


class VerifyTests(CodesTestCase):
    def test_finds_each_code_and_burns_nothing(self) -> None:
        for code in self.codes * 2:
            recovery.verify(self.alice.pk, typed=code.lower())

        assert not RecoveryCode.objects.exclude(used_at=None).exists()

    def test_refuses_wrong_used_foreign_and_missing_ones_alike(self) -> None:
        people.add_factor(self.bob)
        foreign = people.make_codes(self.bob)[0]
        redeem(self.alice, self.codes[0])

        assert self.refused(self.alice, self.codes[0]) == "code used"
        assert self.refused(self.alice, foreign) == "code wrong"
        assert self.refused(self.alice, people.WRONG) == "code wrong"
        assert self.refused(self.alice, "") == "not a code"
        assert self.refused(self.alice, "0" * 65) == "not a code"
        assert self.refused(self.charlie, people.WRONG) == "no codes"
        assert self.refused(User(email="nobody@example.com"), self.codes[1]) == "no codes"

    def test_compares_ten_hashes_whatever_is_asked(self) -> None:
        redeem(self.alice, self.codes[0])
        for user, typed in (
            (self.alice, self.codes[1]),
            (self.alice, self.codes[0]),
            (self.alice, people.WRONG),
            (self.charlie, people.WRONG),
        ):
            with patch("recovery.services.hmac.compare_digest", return_value=False) as compare:
                self.refused(user, typed)
            assert compare.call_count == 10

    def test_hashes_nothing_that_is_too_long(self) -> None:
        with patch("recovery.services.hmac.digest") as digest:
            self.refused(self.alice, "0" * 65)
        digest.assert_not_called()

    def test_does_not_follow_a_code_that_was_moved_to_somebody_else(self) -> None:
        people.add_factor(self.bob)
        people.make_codes(self.bob)
        own = RecoverySet.objects.get(user=self.bob)
        RecoveryCode.objects.filter(user=self.bob).delete()
        RecoveryCode.objects.filter(user=self.alice).update(user=self.bob, recovery_set=own)

        with self.assertLogs("recovery.services", "ERROR"):
            assert self.refused(self.bob, self.codes[0]) == "code wrong"

    def test_asks_one_question(self) -> None:
        with self.assertNumQueries(1):
            recovery.verify(self.alice.pk, typed=self.codes[9])


class ConsumeTests(CodesTestCase):
    def test_burns_a_code_once(self) -> None:
        code_id = recovery.verify(self.alice.pk, typed=self.codes[0])
        recovery.consume(code_id, at=NOON)

        with pytest.raises(factors.ProofRefused):
            recovery.consume(code_id, at=timezone.now())
        assert RecoveryCode.objects.get(pk=code_id).used_at == NOON
        assert RecoverySet.objects.get().last_used_at == NOON

    def test_refuses_a_code_of_a_set_that_ended_since(self) -> None:
        code_id = recovery.verify(self.alice.pk, typed=self.codes[0])
        people.make_codes(self.alice)

        with pytest.raises(factors.ProofRefused):
            recovery.consume(code_id, at=NOON)
        assert not RecoveryCode.objects.get(pk=code_id).used

    def test_says_how_many_are_left_and_warns_at_three_and_none(self) -> None:
        for code in self.codes:
            redeem(self.alice, code)

        told = Notification.objects.filter(user=self.alice)
        used = told.filter(kind="recovery_code_used").order_by("id")
        assert sorted(int(row.params["left"]) for row in used) == list(range(10))
        low = told.filter(kind="recovery_codes_low")
        assert {row.params["left"] for row in low} == {"0", "3"}

    def test_is_no_longer_offered_when_none_is_left(self) -> None:
        assert factor.is_enrolled(self.alice)
        for code in self.codes:
            redeem(self.alice, code)

        assert not factor.is_enrolled(self.alice)


class FactorTests(CodesTestCase):
    def test_protects_nothing_by_itself(self) -> None:
        assert factors.count(self.alice) == 1
        assert factor.count(self.alice) == 0
        TotpDevice.objects.all().delete()
        assert not factor.is_enrolled(self.alice)

    def test_ends_with_the_last_factor(self) -> None:
        TotpDevice.objects.all().delete()
        signals.credentials_changed.send(sender=User, user_id=self.alice.pk, but=None, at=NOON)

        assert recovery.valid_set(self.alice.pk) is None
        assert AuditEvent.objects.filter(event="recovery.invalidated").exists()

    def test_stays_while_another_factor_does(self) -> None:
        signals.credentials_changed.send(sender=User, user_id=self.alice.pk, but=None, at=NOON)

        assert recovery.valid_set(self.alice.pk) is not None


class InvalidateTests(CodesTestCase):
    def test_ends_all_at_once(self) -> None:
        recovery.invalidate(self.alice, by=self.charlie, reason="Lost bag", at=NOON)

        assert {self.refused(self.alice, code) for code in self.codes} == {"no codes"}
        event = AuditEvent.objects.get(event="recovery.invalidated")
        assert event.facts == {"by": str(self.charlie.pk)}
        assert event.details == {"reason": "Lost bag"}
        with pytest.raises(recovery.NothingToInvalidate):
            recovery.invalidate(self.alice, by=None, at=NOON)
