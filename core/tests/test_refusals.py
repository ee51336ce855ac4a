from __future__ import annotations

from unittest import skipUnless

from django.db import connection
from django.http import HttpResponse

from accounts.models import User
from tests import base


@skipUnless(connection.vendor == "sqlite", "a full disk can be staged on SQLite only")
class FullDiskTests(base.TransactionTestCase):
    def test_refuses_the_deed_with_a_sentence_and_loses_nothing(self) -> None:
        base.sign_in(self.client, "alice")
        with connection.cursor() as cursor:
            # Earlier tests leave free pages behind, which would be room.
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            # A limit in pages is refused with the same error as a disk without room.
            cursor.execute(f"PRAGMA max_page_count = {pages}")
            self.addCleanup(self.make_room)

        with self.assertLogs("core.middleware", level="ERROR"):
            n, response = 0, self.rename(0)
            while response.status_code == 302 and n < 400:
                n += 1
                response = self.rename(n)

        self.assertContains(response, "disk is full", status_code=503)
        self.make_room()
        assert self.client.get("/settings/").status_code == 200
        name = User.objects.get(pk=self.alice.pk).display_name
        assert name.startswith(f"Name {n - 1} ")

    def rename(self, n: int) -> HttpResponse:
        form = {"display_name": f"Name {n} " + "x" * 60, "email": "alice@example.com"}
        return self.client.post("/settings/", form)  # type: ignore[return-value]

    def make_room(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@skipUnless(connection.vendor == "sqlite", "a lock of the whole database is SQLite's")
class LockedDatabaseTests(base.TransactionTestCase):
    def test_says_that_nothing_was_saved(self) -> None:
        base.sign_in(self.client, "alice")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = ON")
            self.addCleanup(self.unlock)

        with self.assertLogs("core.middleware", level="ERROR"):
            response = self.client.post(
                "/settings/", {"display_name": "New", "email": "alice@example.com"}
            )

        self.assertContains(response, "cannot save at the moment", status_code=503)

    def unlock(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = OFF")
