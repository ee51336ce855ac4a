from __future__ import annotations

import threading
from typing import Any
from unittest import mock

from django.db import connection, connections
from django.utils import timezone

from audit import chain, events, services, verification
from audit.models import AuditEvent, ChainHead
from tests.base import TestCase, TransactionTestCase


def record(count: int = 5) -> list[AuditEvent]:
    return [
        services.record(events.ENTRY_ADDED, details={"issuer": f"Site {number}"})
        for number in range(count)
    ]


def tamper(sql: str, *values: Any) -> None:
    """What somebody with the database's password would do."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


class EmptyLogTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        """Nobody: making people would be recorded, and the tests count places."""


class SealTest(EmptyLogTestCase):
    def test_gives_places_in_order_without_gaps(self) -> None:
        made = record()
        AuditEvent.objects.filter(pk=made[2].pk)._raw_delete("default")

        assert chain.seal(at=timezone.now()) == 4

        sealed = AuditEvent.objects.sealed().order_by("id")
        assert [event.position for event in sealed] == [1, 2, 3, 4]
        assert ChainHead.objects.get().position == 4

    def test_goes_on_where_it_stopped(self) -> None:
        record(2)
        chain.seal(at=timezone.now())
        record(3)

        assert chain.seal(at=timezone.now()) == 3
        assert verification.verify().sealed == 5

    def test_seals_more_than_one_batch(self) -> None:
        record(7)
        with mock.patch.object(chain, "BATCH", 3):
            assert chain.seal(at=timezone.now()) == 7

        assert verification.verify().sealed == 7

    def test_does_nothing_without_events(self) -> None:
        assert chain.seal(at=timezone.now()) == 0
        assert not ChainHead.objects.exists()

    def test_seals_a_late_id_later(self) -> None:
        made = record(3)
        AuditEvent.objects.filter(pk=made[1].pk)._amend(position=99)
        chain.seal(at=timezone.now())
        AuditEvent.objects.filter(pk=made[1].pk)._amend(position=None)

        chain.seal(at=timezone.now())

        assert verification.verify().sealed == 3

    def test_costs_few_queries_when_there_is_nothing(self) -> None:
        with self.assertNumQueries(1):
            chain.seal(at=timezone.now())


class SealAtOnceTest(TransactionTestCase):
    def test_gives_one_chain_whoever_seals(self) -> None:
        record(40)
        start = threading.Barrier(4)

        def seal() -> None:
            try:
                start.wait()
                for _ in range(20):
                    chain.seal(at=timezone.now())
            finally:
                connections.close_all()

        threads = [threading.Thread(target=seal) for _ in range(4)]
        with mock.patch.object(chain, "BATCH", 5):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert verification.verify().sealed == AuditEvent.objects.count()


class VerifyTest(EmptyLogTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = record()
        chain.seal(at=timezone.now())

    def broken(self) -> str:
        with self.assertRaises(verification.ChainBroken) as caught:
            verification.verify()
        return str(caught.exception)

    def test_finds_a_whole_chain_whole(self) -> None:
        record(2)

        report = verification.verify()

        assert (report.sealed, report.unsealed, report.erased) == (5, 2, 0)

    def test_finds_a_changed_event(self) -> None:
        tamper("UPDATE audit_auditevent SET event = 'vault.entry_purged' WHERE position = 3")

        assert "The event at place 3" in self.broken()
        assert "was changed" in self.broken()

    def test_finds_a_changed_time(self) -> None:
        tamper("UPDATE audit_auditevent SET at = '2020-01-01 00:00:00' WHERE position = 2")

        assert "The event at place 2" in self.broken()

    def test_finds_changed_facts(self) -> None:
        tamper("UPDATE audit_auditevent SET facts = '{\"count\": 1}' WHERE position = 2")

        assert "The event at place 2" in self.broken()

    def test_finds_a_changed_personal_field(self) -> None:
        tamper("UPDATE audit_auditevent SET address = '192.0.2.1' WHERE position = 4")

        assert "place 4" in self.broken()
        assert "was changed in its address" in self.broken()

    def test_finds_a_personal_field_that_was_emptied_with_its_salt(self) -> None:
        tamper("UPDATE audit_auditevent SET details = '{}', salts = '{}' WHERE position = 4")

        assert "was changed in its" in self.broken()

    def test_finds_a_changed_commitment(self) -> None:
        tamper("UPDATE audit_auditevent SET commitments = '{}' WHERE position = 1")

        assert "The event at place 1" in self.broken()

    def test_finds_a_missing_event(self) -> None:
        tamper("DELETE FROM audit_auditevent WHERE position = 3")

        assert self.broken() == "The event at place 3 of the chain is missing."

    def test_finds_an_event_taken_out_with_the_rest_moved_up(self) -> None:
        tamper("DELETE FROM audit_auditevent WHERE position = 3")
        tamper("UPDATE audit_auditevent SET position = 3 WHERE position = 4")

        assert "place 3" in self.broken()

    def test_finds_events_in_another_order(self) -> None:
        first, second = (str(event.uid) for event in self.made[1:3])
        tamper("UPDATE audit_auditevent SET position = 99 WHERE position = 2")
        tamper("UPDATE audit_auditevent SET position = 2 WHERE position = 3")
        tamper("UPDATE audit_auditevent SET position = 3 WHERE position = 99")

        sentence = self.broken()

        assert "another order" in sentence
        assert sentence.index(first) < sentence.index(second)

    def test_finds_an_event_put_in(self) -> None:
        forged = record(1)[0]
        tamper(
            "UPDATE audit_auditevent SET position = 6, chain_mac = 'ab' WHERE id = %s", forged.pk
        )

        assert "behind the end" in self.broken()

    def test_finds_a_cut_end(self) -> None:
        tamper("DELETE FROM audit_auditevent WHERE position > 3")

        assert self.broken() == (
            "The end of the chain was cut: it reaches place 3, and place 5 was sealed."
        )

    def test_finds_a_forged_head(self) -> None:
        tamper("UPDATE audit_chainhead SET mac = 'ab'")

        assert "head" in self.broken()

    def test_finds_a_change_that_is_not_sealed_yet(self) -> None:
        late = record(1)[0]
        tamper("UPDATE audit_auditevent SET browser = 'curl' WHERE id = %s", late.pk)

        assert "not sealed yet" in self.broken()
