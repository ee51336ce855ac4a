from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.db import transaction

from audit import commitments, context, events, services
from audit.models import AppendOnly, AuditEvent
from tests.base import TestCase

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


class RecordTest(TestCase):
    def test_keeps_what_it_is_told(self) -> None:
        event = services.record(
            events.ENTRY_ADDED,
            user=self.alice,
            details={"issuer": "Post"},
            facts={"count": 3, "is_new": True},
            at=AT,
        )

        event = AuditEvent.objects.get(pk=event.pk)
        assert (event.user, event.at, event.event) == (self.alice.id, AT, "vault.entry_added")
        assert event.details == {"issuer": "Post"}
        assert event.facts == {"count": 3, "is_new": True}

    def test_takes_the_origin_from_the_context(self) -> None:
        token = context.enter(context.Origin("203.0.113.5", "Firefox on Linux", "f" * 32))
        event = services.record(events.ENTRY_ADDED)
        context.leave(token)

        assert (event.address, event.browser) == ("203.0.113.5", "Firefox on Linux")
        assert event.request_id == "f" * 32

    def test_takes_a_user_or_their_id(self) -> None:
        by_user = services.record(events.ENTRY_ADDED, user=self.alice)
        by_id = services.record(events.ENTRY_ADDED, user=self.alice.id)

        assert by_user.user == by_id.user == self.alice.id

    def test_refuses_an_unknown_name(self) -> None:
        with self.assertRaisesMessage(services.UnknownEvent, "vault.exploded"):
            services.record("vault.exploded")

    def test_goes_with_the_transaction_of_the_deed(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            services.record(events.ENTRY_ADDED, user=self.alice)
            raise ZeroDivisionError

        assert not AuditEvent.objects.filter(event=events.ENTRY_ADDED).exists()

    def test_escapes_what_does_not_print(self) -> None:
        details = {"issuer": "a\nb\x00c\x1b[2J\u202ed\ud800"}
        event = services.record(events.ENTRY_ADDED, details=details)

        assert event.details == {"issuer": "a\\nb\\x00c\\x1b[2J\\u202ed\\ud800"}

    def test_cuts_what_is_too_long(self) -> None:
        event = services.record(events.ENTRY_ADDED, details={"issuer": "x" * 5000})

        assert len(event.details["issuer"]) == services.LONGEST_WORD

    def test_commits_to_each_personal_field_with_a_salt_of_its_own(self) -> None:
        event = services.record(events.ENTRY_ADDED, user=self.alice)

        assert set(event.salts) == set(event.commitments) == set(commitments.PERSONAL_FIELDS)
        assert len(set(event.salts.values())) == len(event.salts)
        assert commitments.first_mismatch(event) is None

    def test_has_seen_tells_known_places(self) -> None:
        services.record(events.SESSION_STARTED, user=self.alice)
        seen = {"address": "", "browser": ""}

        assert services.has_seen(self.alice.id, events.SESSION_STARTED, **seen)
        assert not services.has_seen(self.bob.id, events.SESSION_STARTED, **seen)


class AppendOnlyTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.event = services.record(events.ENTRY_ADDED, user=self.alice)

    def test_refuses_to_save_an_event_again(self) -> None:
        self.event.event = events.ENTRY_CHANGED
        with self.assertRaises(AppendOnly):
            self.event.save()

    def test_refuses_to_save_over_an_event(self) -> None:
        # By its id, through a fresh object that thinks it is new.
        other = AuditEvent(id=self.event.id, at=AT, event=events.ENTRY_PURGED)
        with self.assertRaises(Exception), transaction.atomic():  # noqa: B017 - of the database
            other.save()

        assert AuditEvent.objects.get(pk=self.event.pk).event == events.ENTRY_ADDED

    def test_refuses_to_delete_an_event(self) -> None:
        with self.assertRaises(AppendOnly):
            self.event.delete()

    def test_refuses_changes_of_many(self) -> None:
        every = AuditEvent.objects.all()
        for change in (
            lambda: every.update(event="x"),
            every.delete,
            lambda: every.bulk_update([self.event], ["event"]),
            lambda: every.bulk_create([self.event], update_conflicts=True),
            lambda: AuditEvent._base_manager.all().delete(),
            lambda: AuditEvent._base_manager.all().update(event="x"),
            lambda: every.update_or_create(pk=self.event.pk, defaults={"event": "x"}),
        ):
            with self.assertRaises(AppendOnly):
                change()


class RefusalTest(TestCase):
    def test_waits_until_the_request_is_over(self) -> None:
        origin = context.Origin("203.0.113.5", "Firefox", "f" * 32, is_request=True)
        token = context.enter(origin)
        services.record_foreign_object(self.alice, "entry")
        context.leave(token)
        assert not AuditEvent.objects.filter(event=events.FOREIGN_OBJECT).exists()

        origin.afterwards[0]()

        event = AuditEvent.objects.get(event=events.FOREIGN_OBJECT)
        assert (event.user, event.facts) == (self.alice.id, {"kind": "entry"})
        assert event.address == "203.0.113.5"

    def test_is_recorded_at_once_outside_a_request(self) -> None:
        services.record_foreign_object(uuid.uuid4(), "entry")

        assert AuditEvent.objects.filter(event=events.FOREIGN_OBJECT).exists()
