from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import connections, transaction

from audit.models import AuditEvent
from notifications.models import Notification
from tests import base
from vault import services
from vault.formats import otpauth
from vault.models import HIGHEST_COUNTER, OtpEntry
from vault.tests.making import BASE32, NOON, account, make_entry

# RFC 4226, appendix D.
HOTP_CODES = ["755224", "287082", "359152", "969429", "338314"]


class AdvanceHotpTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice, type="hotp")

    def test_gives_one_code_after_the_other(self) -> None:
        claimed = [services.advance_hotp(entry=self.entry, at=NOON) for _ in HOTP_CODES]

        self.assertEqual([row.code for row in claimed], HOTP_CODES)
        self.assertEqual([row.counter for row in claimed], [0, 1, 2, 3, 4])

    def test_notes_when_it_was_used(self) -> None:
        services.advance_hotp(entry=self.entry, at=NOON)

        self.entry.refresh_from_db()
        self.assertEqual((self.entry.counter, self.entry.last_used_at), (1, NOON))

    def test_records_the_counter_and_never_the_code(self) -> None:
        services.advance_hotp(entry=self.entry, at=NOON)

        event = AuditEvent.objects.get(event="vault.hotp_advanced")
        self.assertEqual(event.facts["counter"], 0)
        self.assertNotIn(HOTP_CODES[0], str(event.facts) + str(event.details))

    def test_does_not_trust_an_old_copy_of_the_row(self) -> None:
        copy = OtpEntry.objects.get(pk=self.entry.pk)
        services.advance_hotp(entry=self.entry, at=NOON)

        self.assertEqual(services.advance_hotp(entry=copy, at=NOON).counter, 1)

    def test_refuses_a_time_based_entry(self) -> None:
        with self.assertRaises(services.NotCounterBased):
            services.advance_hotp(entry=make_entry(self.alice, 1), at=NOON)

    def test_refuses_an_entry_in_the_trash(self) -> None:
        services.trash_entry(entry=self.entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.advance_hotp(entry=self.entry, at=NOON)

    def test_stops_at_the_last_counter(self) -> None:
        OtpEntry.objects.update(counter=HIGHEST_COUNTER - 1)
        self.assertEqual(
            services.advance_hotp(entry=self.entry, at=NOON).counter, HIGHEST_COUNTER - 1
        )

        with self.assertRaises(services.CounterAtEnd):
            services.advance_hotp(entry=self.entry, at=NOON)

    def test_gives_the_counter_back_when_the_deed_fails(self) -> None:
        OtpEntry.objects.update(sealed_secret="k1:broken")

        with self.assertRaises(Exception), transaction.atomic():  # noqa: B017 -- any failure counts
            services.advance_hotp(entry=self.entry, at=NOON)

        self.assertEqual(OtpEntry.objects.get().counter, 0)


class ParallelHotpTests(base.TransactionTestCase):
    def test_twenty_at_once_get_twenty_counters(self) -> None:
        entry_id = make_entry(self.alice, type="hotp").pk

        def ask(_: int) -> services.CounterCode:
            try:
                return _advance(entry_id)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(max_workers=20) as pool:
            claimed = list(pool.map(ask, range(20)))

        self.assertEqual(sorted(row.counter for row in claimed), list(range(20)))
        self.assertEqual(len({row.code for row in claimed}), 20)
        self.assertEqual(OtpEntry.objects.get().counter, 20)


def _advance(entry_id: UUID) -> services.CounterCode:
    return services.advance_hotp(entry=OtpEntry.objects.get(pk=entry_id), at=NOON)


class MarkUsedTests(base.TestCase):
    def test_notes_the_time_and_records_it(self) -> None:
        entry = make_entry(self.alice)

        services.mark_used(entry=entry, at=NOON)

        self.assertEqual(OtpEntry.objects.get().last_used_at, NOON)
        self.assertEqual(AuditEvent.objects.filter(event="vault.code_copied").count(), 1)

    def test_refuses_an_entry_that_is_gone(self) -> None:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.mark_used(entry=entry, at=NOON)


class RevealSecretTests(base.TestCase):
    def test_gives_the_secret_and_a_link_that_reads_back(self) -> None:
        revealed = services.reveal_secret(entry=make_entry(self.alice, digits=8), at=NOON)

        self.assertEqual(revealed.secret, BASE32)
        self.assertEqual(otpauth.read(revealed.uri), account(digits=8))

    def test_is_recorded_and_told(self) -> None:
        services.reveal_secret(entry=make_entry(self.alice), at=NOON)

        self.assertTrue(AuditEvent.objects.filter(event="vault.secret_revealed").exists())
        notification = Notification.objects.get(kind="secret_revealed")
        self.assertEqual(notification.user_id, self.alice.id)

    def test_shows_no_secret_when_printed(self) -> None:
        revealed = services.reveal_secret(entry=make_entry(self.alice), at=NOON)

        self.assertNotIn(BASE32, repr(revealed))

    def test_refuses_an_entry_in_the_trash(self) -> None:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.reveal_secret(entry=entry, at=NOON)
