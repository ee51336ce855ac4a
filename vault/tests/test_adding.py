from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from core import sealing
from tests import base
from vault import services
from vault.formats.account import OtpAccount
from vault.models import Category, OtpEntry
from vault.services import adding
from vault.tests.making import NOON, SECRET, account, make_entries, make_entry


class AddAccountsTests(base.TestCase):
    def add(self, *accounts: OtpAccount) -> services.Added:
        return services.add_accounts(owner=self.alice, accounts=accounts, at=NOON)

    def test_keeps_what_an_account_says(self) -> None:
        entry = self.add(account(digits=8, period=60, algorithm="SHA256")).entries[0]

        entry.refresh_from_db()
        self.assertEqual((entry.issuer, entry.account_name), ("GitHub", "ada"))
        self.assertEqual((entry.digits, entry.period, entry.algorithm), (8, 60, "SHA256"))
        self.assertEqual((entry.icon, entry.created_at), ("github", NOON))

    def test_seals_the_secret_for_its_row_and_owner(self) -> None:
        entry = self.add(account()).entries[0]

        self.assertEqual(sealing.open_field(entry, "sealed_secret"), SECRET)
        entry.id = uuid.uuid4()
        with self.assertRaises(sealing.WrongPlace):
            sealing.open_field(entry, "sealed_secret")

    def test_keeps_no_secret_in_the_clear(self) -> None:
        self.add(account())

        row = str(OtpEntry.objects.values().get())

        self.assertNotIn("12345678901234567890", row)
        self.assertNotIn("GEZDGNBV", row)

    def test_adds_to_the_end_of_the_order(self) -> None:
        make_entries(self.alice, 2)

        entry = self.add(account(9)).entries[0]

        self.assertEqual(entry.position, 2)

    def test_records_each_entry(self) -> None:
        self.add(account(1), account(2, issuer="GitLab"))

        events = AuditEvent.objects.filter(event="vault.entry_added", user=self.alice.id)
        self.assertEqual({row.details["issuer"] for row in events}, {"GitHub", "GitLab"})

    def test_records_no_secret(self) -> None:
        self.add(account())

        told = str(list(AuditEvent.objects.values("details", "facts")))

        self.assertNotIn("GEZDGNBV", told)

    def test_gives_a_known_secret_back_as_a_duplicate(self) -> None:
        entry = make_entry(self.alice)

        added = self.add(account(issuer="Elsewhere"))

        self.assertEqual(added.entries, [])
        self.assertEqual([row.twin for row in added.duplicates], [entry])

    def test_finds_duplicates_among_what_is_added_together(self) -> None:
        added = self.add(account(1), account(1, name="again"), account(2))

        self.assertEqual(len(added.entries), 2)
        self.assertEqual(added.duplicates[0].twin, added.entries[0])

    def test_does_not_compare_with_the_trash_or_with_others(self) -> None:
        services.trash_entry(entry=make_entry(self.alice), at=NOON)
        make_entry(self.bob)

        self.assertEqual(len(self.add(account()).entries), 1)

    def test_compares_with_the_rest_when_a_secret_cannot_be_opened(self) -> None:
        broken = make_entry(self.alice)
        OtpEntry.objects.filter(pk=broken.pk).update(sealed_secret="k1:broken")
        make_entry(self.alice, 1)

        with self.assertLogs("vault.services.adding", "ERROR"):
            added = self.add(account(1), account())

        self.assertEqual((len(added.entries), len(added.duplicates)), (1, 1))

    def test_makes_the_categories_an_account_names(self) -> None:
        services.add_category(owner=self.alice, name="Work", at=NOON)

        entry = self.add(account(categories=("WORK", "Home", " "))).entries[0]

        names = entry.categories.values_list("name", flat=True)
        self.assertEqual(set(names), {"Work", "Home"})
        self.assertEqual(Category.objects.for_owner(self.alice).count(), 2)

    def test_keeps_the_favourite_mark(self) -> None:
        self.assertTrue(self.add(account(favourite=True)).entries[0].is_favourite)

    def test_refuses_more_than_anybody_has(self) -> None:
        with self.assertRaises(services.TooManyAccounts):
            self.add(*[account()] * (adding.MOST_AT_ONCE + 1))

    def test_costs_the_same_queries_for_many_secrets_in_the_vault(self) -> None:
        make_entries(self.alice, 20)

        with self.assertNumQueries(8):
            self.add(account(99))

    def test_the_database_refuses_what_no_code_can_be_made_with(self) -> None:
        entry = make_entry(self.alice)

        for wrong in ({"digits": 11}, {"period": 0}, {"type": "motp"}, {"algorithm": "MD5"}):
            with self.assertRaises(IntegrityError), transaction.atomic():
                OtpEntry.objects.filter(pk=entry.pk).update(**wrong)


class AddAnywayTests(base.TestCase):
    def test_adds_a_known_secret_again(self) -> None:
        make_entry(self.alice)

        services.add_anyway(owner=self.alice, account=account(), at=NOON)

        self.assertEqual(OtpEntry.objects.for_owner(self.alice).count(), 2)

    def test_keeps_the_website(self) -> None:
        entry = services.add_anyway(
            owner=self.alice, account=account(), at=NOON, website="https://github.com"
        )

        self.assertEqual(entry.website, "https://github.com")
