from __future__ import annotations

from datetime import timedelta

from audit.models import AuditEvent
from tests import base
from vault import services, tasks
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entries, make_entry


def events(name: str) -> int:
    return AuditEvent.objects.filter(event=f"vault.{name}").count()


class TrashTests(base.TestCase):
    def test_takes_an_entry_out_of_the_vault_and_back(self) -> None:
        entry = make_entry(self.alice)

        services.trash_entry(entry=entry, at=NOON)
        self.assertFalse(OtpEntry.objects.live().exists())
        services.restore_entry(entry=entry, at=NOON)
        self.assertTrue(OtpEntry.objects.live().exists())

        self.assertEqual((events("entry_trashed"), events("entry_restored")), (1, 1))

    def test_refuses_to_trash_twice(self) -> None:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.trash_entry(entry=entry, at=NOON)

        self.assertEqual(events("entry_trashed"), 1)

    def test_trashes_several_and_passes_over_those_that_are_there(self) -> None:
        entries = make_entries(self.alice, 3)
        services.trash_entry(entry=entries[0], at=NOON)

        self.assertEqual(services.trash_entries(entries=entries, at=NOON), 2)

        self.assertEqual(events("entry_trashed"), 3)

    def test_refuses_to_restore_or_purge_what_is_not_in_the_trash(self) -> None:
        entry = make_entry(self.alice)

        with self.assertRaises(services.NotInTrash):
            services.restore_entry(entry=entry, at=NOON)
        with self.assertRaises(services.NotInTrash):
            services.purge_entry(entry=entry, at=NOON)

        self.assertTrue(OtpEntry.objects.live().exists())

    def test_purges_one_entry(self) -> None:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)

        services.purge_entry(entry=entry, at=NOON)

        self.assertFalse(OtpEntry.objects.exists())
        self.assertEqual(events("entry_purged"), 1)

    def test_empties_the_trash_of_one_user(self) -> None:
        for entry in (*make_entries(self.alice, 3), make_entry(self.bob)):
            services.trash_entry(entry=entry, at=NOON)
        make_entry(self.alice, 9)

        self.assertEqual(services.empty_trash(owner=self.alice, at=NOON), 3)

        self.assertEqual(OtpEntry.objects.for_owner(self.alice).count(), 1)
        self.assertEqual(OtpEntry.objects.for_owner(self.bob).count(), 1)

    def test_purges_after_thirty_days(self) -> None:
        services.trash_entry(entry=make_entry(self.alice), at=NOON)
        last_moment = NOON + timedelta(days=30)

        self.assertEqual(services.purge_expired(at=last_moment - timedelta(seconds=1)), 0)
        self.assertEqual(services.purge_expired(at=last_moment), 1)
        self.assertEqual(services.purge_expired(at=last_moment), 0)

        event = AuditEvent.objects.get(event="vault.entry_purged")
        self.assertEqual((event.user, event.details["issuer"]), (self.alice.id, "GitHub"))

    def test_purges_more_than_one_batch(self) -> None:
        make_entries(self.alice, 201)
        OtpEntry.objects.update(trashed_at=NOON)

        self.assertEqual(services.purge_expired(at=NOON + timedelta(days=31)), 201)

    def test_the_task_may_run_twice(self) -> None:
        OtpEntry.objects.filter(pk=make_entry(self.alice).pk).update(trashed_at=NOON)

        tasks.purge()
        tasks.purge()

        self.assertFalse(OtpEntry.objects.exists())
