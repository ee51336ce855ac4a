from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests import base
from vault import conversion, services
from vault.models import EntryDraft, OtpEntry
from vault.services import drafts
from vault.tests.making import NOON, account, make_entry

LATER = NOON + drafts.LIFETIME


class DraftTests(base.TestCase):
    def keep(self, **changes: Any) -> EntryDraft:
        make_entry(self.alice)
        added = services.add_accounts(owner=self.alice, accounts=[account(**changes)], at=NOON)
        kept = services.keep_drafts(
            owner=self.alice, duplicates=added.duplicates, at=NOON, website="https://example.com"
        )
        return kept[0]

    def test_keeps_the_whole_account_sealed(self) -> None:
        draft = self.keep(name="second", digits=8, categories=("Work",))

        self.assertEqual(services.account_of(draft).digits, 8)
        self.assertNotIn("second", draft.sealed_account)

    def test_adds_the_account_after_all(self) -> None:
        draft = self.keep(name="second", categories=("Work",))

        entry = services.add_draft(draft=draft, at=NOON)

        self.assertEqual((entry.account_name, entry.website), ("second", "https://example.com"))
        self.assertEqual([row.name for row in entry.categories.all()], ["Work"])
        self.assertFalse(EntryDraft.objects.exists())

    def test_adds_it_once(self) -> None:
        draft = self.keep()
        services.add_draft(draft=draft, at=NOON)

        with self.assertRaises(services.DraftGone):
            services.add_draft(draft=draft, at=NOON)

        self.assertEqual(OtpEntry.objects.count(), 2)

    def test_forgets_a_skipped_account(self) -> None:
        draft = self.keep()

        services.skip_draft(draft=draft, at=NOON)

        self.assertFalse(EntryDraft.objects.exists())
        with self.assertRaises(services.DraftGone):
            services.skip_draft(draft=draft, at=NOON)

    def test_refuses_an_answer_after_an_hour(self) -> None:
        draft = self.keep()

        with self.assertRaises(services.DraftGone):
            services.add_draft(draft=draft, at=LATER)

    def test_forgets_what_nobody_answered(self) -> None:
        self.keep()

        self.assertEqual(services.forget_expired(at=LATER - timedelta(seconds=1)), 0)
        self.assertEqual(services.forget_expired(at=LATER), 1)

    def test_goes_with_the_entry_it_doubles(self) -> None:
        twin = self.keep().twin
        services.trash_entry(entry=twin, at=NOON)
        services.purge_entry(entry=twin, at=NOON)

        self.assertFalse(EntryDraft.objects.exists())

    def test_an_account_survives_the_way_through_json(self) -> None:
        there = account(type="hotp", counter=7, categories=("A", "B"), favourite=True)

        self.assertEqual(conversion.from_json(conversion.to_json(there)), there)
