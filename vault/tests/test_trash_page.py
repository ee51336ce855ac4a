from __future__ import annotations

from typing import Any

from django.test import Client

from tests import base
from vault import services
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entries, make_entry


class TrashPageTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def trashed(self) -> OtpEntry:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)
        return entry

    def post(self, path: str) -> Any:
        return self.client.post(f"/trash/{path}", follow=True)

    def test_is_empty_at_first(self) -> None:
        self.assertContains(self.client.get("/trash/"), "The trash is empty")

    def test_says_when_an_entry_is_deleted_and_shows_no_code(self) -> None:
        self.trashed()

        response = self.client.get("/trash/")

        self.assertContains(response, "deleted for good on June 3, 2026")
        self.assertNotContains(response, "data-code>")

    def test_takes_an_entry_back(self) -> None:
        response = self.post(f"{self.trashed().pk}/restore/")

        self.assertContains(response, "GitHub is back among your codes.")
        self.assertTrue(OtpEntry.objects.live().exists())

    def test_asks_before_deleting_for_good(self) -> None:
        entry = self.trashed()

        self.assertContains(
            self.client.get(f"/trash/{entry.pk}/delete/"), "Delete GitHub for good?"
        )
        self.assertTrue(OtpEntry.objects.exists())

        self.assertContains(self.post(f"{entry.pk}/delete/"), "GitHub is deleted for good.")
        self.assertFalse(OtpEntry.objects.exists())

    def test_asks_before_emptying(self) -> None:
        for entry in make_entries(self.alice, 2):
            services.trash_entry(entry=entry, at=NOON)
        make_entry(self.alice)

        self.assertContains(self.client.get("/trash/empty/"), "The secrets of 2 codes are erased")
        self.assertContains(self.post("empty/"), "2 codes are deleted for good.")

        self.assertEqual(OtpEntry.objects.count(), 1)

    def test_has_nothing_to_empty(self) -> None:
        self.assertRedirects(self.client.get("/trash/empty/"), "/trash/")

    def test_a_stranger_is_told_that_nothing_is_there(self) -> None:
        entry = self.trashed()
        self.client = self.sign_in_as("bob", Client())

        self.assertNotContains(self.client.get("/trash/"), "GitHub")
        self.assertEqual(self.client.get(f"/trash/{entry.pk}/delete/").status_code, 404)
        for deed in ("restore", "delete"):
            self.assertEqual(self.client.post(f"/trash/{entry.pk}/{deed}/").status_code, 404)
        self.assertTrue(OtpEntry.objects.trashed().exists())

    def test_a_live_entry_cannot_be_deleted_for_good(self) -> None:
        entry = make_entry(self.alice)

        self.assertEqual(self.client.post(f"/trash/{entry.pk}/delete/").status_code, 404)

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        self.assertRedirects(self.client.get("/trash/"), "/sign-in/?next=/trash/")
        self.assertEqual(self.client.post("/trash/empty/").status_code, 302)

    def test_takes_the_same_queries_for_one_and_for_many(self) -> None:
        self.trashed()
        self.client.get("/trash/")

        with self.assertNumQueries(4):
            self.client.get("/trash/")
        for entry in make_entries(self.alice, 20):
            services.trash_entry(entry=entry, at=NOON)
        with self.assertNumQueries(4):
            self.client.get("/trash/")
