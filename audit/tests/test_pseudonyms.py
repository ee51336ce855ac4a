from __future__ import annotations

import re
import uuid

from django.utils import timezone

from audit import chain, context, events, services, tasks, verification
from audit.models import AuditEvent, Tombstone
from tests.base import TestCase


class PseudonymiseTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()
        token = context.enter(context.Origin("203.0.113.5", "Firefox on Linux", "f" * 32))
        for who in (self.alice, self.bob, self.alice):
            services.record(events.ENTRY_ADDED, user=who, details={"issuer": "Post"})
        context.leave(token)

    def test_takes_everything_personal_of_one_user(self) -> None:
        mine = AuditEvent.objects.filter(user=self.alice.id).count()

        assert services.pseudonymise(self.alice.id, at=self.now) == mine

        assert not AuditEvent.objects.filter(user=self.alice.id).exists()
        for event in AuditEvent.objects.exclude(pseudonym=""):
            assert (event.address, event.browser, event.details) == ("", "", {})
            assert event.salts == {}

    def test_gives_all_events_the_same_pseudonym(self) -> None:
        services.pseudonymise(self.alice.id, at=self.now)

        names = set(AuditEvent.objects.exclude(pseudonym="").values_list("pseudonym", flat=True))
        assert len(names) == 1
        assert re.fullmatch(r"deleted user [0-9a-f]{6}", names.pop())
        assert services.pseudonym(self.alice.id) != services.pseudonym(self.bob.id)

    def test_leaves_other_users_alone(self) -> None:
        services.pseudonymise(self.alice.id, at=self.now)

        event = AuditEvent.objects.get(user=self.bob.id, event=events.ENTRY_ADDED)
        assert event.details == {"issuer": "Post"}

    def test_leaves_the_chain_whole(self) -> None:
        chain.seal(at=self.now)

        erased = services.pseudonymise(self.alice.id, at=self.now)

        assert verification.verify().erased == erased

    def test_catches_what_is_recorded_later(self) -> None:
        erased = services.pseudonymise(self.alice.id, at=self.now)
        services.record(events.SESSION_ENDED, user=self.alice.id)

        tasks.seal()

        assert not AuditEvent.objects.filter(user=self.alice.id).exists()
        assert verification.verify().erased == erased + 1


class BuryTest(TestCase):
    def test_leaves_one_tombstone(self) -> None:
        passkey = uuid.uuid4()
        first = services.bury("passkey", passkey, at=timezone.now())
        again = services.bury("passkey", passkey, at=timezone.now())

        assert first.pk == again.pk
        assert Tombstone.objects.filter(kind="passkey").count() == 1
        assert services.is_buried("passkey", passkey)
        assert not services.is_buried("token", passkey)
