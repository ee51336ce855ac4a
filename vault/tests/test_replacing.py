from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.models import AuditEvent
from core import sealing
from notifications.models import Notification
from tests import base
from vault import services
from vault.models import EarlierSecret, OtpEntry
from vault.services import replacing
from vault.tests.making import NOON, SECRET, account, make_entries, make_entry

NEW = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class ReplacingTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)

    def secret(self) -> bytes:
        self.entry.refresh_from_db()
        return sealing.open_field(self.entry, "sealed_secret")

    def test_keeps_the_earlier_secret_sealed_for_thirty_days(self) -> None:
        other = account(5, digits=8)

        self.assertTrue(services.replace_secret(entry=self.entry, account=other, at=NOON))

        self.assertEqual((self.secret(), self.entry.digits), (other.secret, 8))
        earlier = EarlierSecret.objects.get()
        self.assertEqual(replacing.account_of(earlier).secret, SECRET)
        self.assertNotIn(SECRET.decode(), earlier.sealed_account)
        self.assertEqual(earlier.expires_at, NOON + timedelta(days=30))

    def test_puts_it_back_and_keeps_the_other_one(self) -> None:
        services.replace_secret(entry=self.entry, account=account(5), at=NOON)

        services.put_back(earlier=EarlierSecret.objects.get(), at=NOON)

        self.assertEqual(self.secret(), SECRET)
        self.assertEqual(
            replacing.account_of(EarlierSecret.objects.get()), replace(account(5), name="ada")
        )

    def test_puts_back_once(self) -> None:
        services.replace_secret(entry=self.entry, account=account(5), at=NOON)
        earlier = EarlierSecret.objects.get()
        services.put_back(earlier=earlier, at=NOON)

        with self.assertRaises(services.EarlierSecretGone):
            services.put_back(earlier=earlier, at=NOON)

    def test_forgets_after_thirty_days(self) -> None:
        services.replace_secret(entry=self.entry, account=account(5), at=NOON)
        earlier = EarlierSecret.objects.get()

        self.assertEqual(services.forget_earlier(at=NOON + timedelta(days=29)), 0)
        with self.assertRaises(services.EarlierSecretGone):
            services.put_back(earlier=earlier, at=NOON + timedelta(days=30))
        self.assertEqual(services.forget_earlier(at=NOON + timedelta(days=30)), 1)

    def test_changes_nothing_for_the_same_secret(self) -> None:
        self.assertFalse(services.replace_secret(entry=self.entry, account=account(), at=NOON))

        self.assertFalse(EarlierSecret.objects.exists())

    def test_tells_and_records(self) -> None:
        services.replace_secret(entry=self.entry, account=account(5), at=NOON)

        self.assertTrue(AuditEvent.objects.filter(event="vault.secret_replaced").exists())
        self.assertTrue(Notification.objects.filter(kind="secret_replaced").exists())

    def test_refuses_an_entry_in_the_trash(self) -> None:
        services.trash_entry(entry=self.entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.replace_secret(entry=self.entry, account=account(5), at=NOON)


class ReplacePageTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)
        self.sign_in_as("alice")

    def replace(self, secret: str) -> Any:
        form = {
            "secret": secret,
            "type": "totp",
            "algorithm": "SHA1",
            "digits": 6,
            "period": 30,
            "counter": 0,
        }
        return self.client.post(f"/entries/{self.entry.pk}/replace/", form, follow=True)

    def test_replaces_and_offers_the_way_back(self) -> None:
        page = self.replace(NEW)

        self.assertContains(page, "has a new secret")
        self.assertContains(page, "Earlier secrets")
        earlier = EarlierSecret.objects.get()
        back = self.client.post(f"/earlier/{earlier.pk}/put-back/", follow=True)
        self.assertContains(back, "has its earlier secret again")
        self.assertEqual(sealing.open_field(OtpEntry.objects.get(), "sealed_secret"), SECRET)

    def test_names_what_is_wrong_and_loses_nothing(self) -> None:
        page = self.replace("not base32 !")

        self.assertContains(page, "not valid Base32")
        self.assertFalse(EarlierSecret.objects.exists())

    def test_asks_to_confirm(self) -> None:
        session = self.client.session
        session["proven_at"] = 0
        session.save()

        response = self.client.get(f"/entries/{self.entry.pk}/replace/")

        self.assertIn("/confirm/", response["Location"])


class DuplicatesTests(base.TestCase):
    def test_finds_the_same_secret_and_the_same_names(self) -> None:
        first = make_entry(self.alice)
        twin = services.add_anyway(owner=self.alice, account=account(), at=NOON + timedelta(days=1))
        namesake = services.add_anyway(
            owner=self.alice, account=account(7), at=NOON + timedelta(days=2)
        )
        make_entry(self.alice, 8, name="another")
        make_entry(self.bob)

        found = services.find_duplicates(owner=self.alice)

        self.assertEqual(found.same_secret, [[first, twin]])
        self.assertEqual(found.same_names, [[first, namesake]])

    def test_shows_them_and_leads_to_the_trash(self) -> None:
        make_entry(self.alice)
        twin = services.add_anyway(owner=self.alice, account=account(), at=NOON)

        page = self.sign_in_as("alice").get("/duplicates/")
        self.assertContains(page, "The same secret")
        self.client.post(f"/entries/{twin.pk}/trash/", {"next": "/duplicates/"})

        self.assertContains(self.client.get("/duplicates/"), "Nothing is there twice")

    def test_takes_the_same_queries_for_few_and_many(self) -> None:
        make_entries(self.alice, 2)
        with self.assertNumQueries(1):
            services.find_duplicates(owner=self.alice)
        make_entries(self.alice, 40)
        with self.assertNumQueries(1):
            services.find_duplicates(owner=self.alice)


class UndoHotpTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice, type="hotp", counter=4)

    def advance(self) -> int:
        return services.advance_hotp(entry=self.entry, at=NOON).counter

    def test_takes_one_step_back(self) -> None:
        counter = self.advance()

        services.undo_hotp(entry=self.entry, counter=counter, at=NOON)

        self.assertEqual(self.entry.counter, 4)
        self.assertEqual(self.advance(), 4)

    def test_takes_only_the_last_step_and_only_once(self) -> None:
        first, second = self.advance(), self.advance()
        for counter in (first, second, second):
            if counter == second and self.entry.counter == 6:
                services.undo_hotp(entry=self.entry, counter=counter, at=NOON)
                continue
            with self.assertRaises(services.NothingToUndo):
                services.undo_hotp(entry=self.entry, counter=counter, at=NOON)
        self.assertEqual(self.entry.counter, 5)

    def test_offers_it_on_the_page_and_lists_the_uses(self) -> None:
        self.advance()
        page = self.sign_in_as("alice").get(f"/entries/{self.entry.pk}/")
        self.assertContains(page, "Take back the last code")
        self.assertContains(page, "counter 4")

        answer = self.client.post(
            f"/entries/{self.entry.pk}/undo-code/", {"counter": "4"}, follow=True
        )

        self.assertContains(answer, "is 4 again")
        late = self.client.post(
            f"/entries/{self.entry.pk}/undo-code/", {"counter": "4"}, follow=True
        )
        self.assertContains(late, "cannot be taken back")

    def test_lists_no_uses_of_other_entries(self) -> None:
        services.mark_used(entry=make_entry(self.alice, 3, issuer="Elsewhere"), at=timezone.now())

        page = self.sign_in_as("alice").get(f"/entries/{self.entry.pk}/")

        self.assertNotContains(page, "Elsewhere")
