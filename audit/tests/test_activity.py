from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta

from django.test import SimpleTestCase
from django.utils import timezone

from audit import activity, events, services
from audit.models import AuditEvent
from tests.base import TestCase

URL = "/activity/"
CSV_URL = "/activity/csv/"


class ActivityTest(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for day, event in ((1, events.ENTRY_ADDED), (2, events.SESSION_ENDED)):
            at = datetime(2026, 3, day, 12, tzinfo=UTC)
            services.record(event, user=cls.alice, details={"issuer": "Post"}, at=at)

    def test_sends_a_stranger_to_the_sign_in(self) -> None:
        for url in (URL, CSV_URL):
            response = self.client.get(url)

            assert response.status_code == 302
            assert response.headers["Location"].startswith("/sign-in/")

    def test_shows_the_own_events_newest_first(self) -> None:
        response = self.sign_in_as("alice").get(URL)

        text = response.content.decode()
        assert text.index("You signed in.") < text.index("A session ended.")
        assert text.index("A session ended.") < text.index("You added Post.")

    def test_shows_nobody_elses_events(self) -> None:
        response = self.sign_in_as("bob").get(URL)

        self.assertNotContains(response, "Post")

    def test_shows_operators_their_own_events_only(self) -> None:
        response = self.sign_in_as("charlie").get(URL)

        self.assertNotContains(response, "Post")

    def test_filters_by_group(self) -> None:
        response = self.sign_in_as("alice").get(URL, {"group": "codes"})

        self.assertContains(response, "You added Post.")
        self.assertNotContains(response, "A session ended.")

    def test_filters_by_day_with_both_ends(self) -> None:
        client = self.sign_in_as("alice")
        response = client.get(URL, {"first_on": "2026-03-02", "last_on": "2026-03-02"})

        self.assertContains(response, "A session ended.")
        self.assertNotContains(response, "You added Post.")
        self.assertNotContains(response, "You signed in.")

    def test_says_when_nothing_fits(self) -> None:
        response = self.sign_in_as("alice").get(URL, {"last_on": "2001-01-01"})

        self.assertContains(response, "No event fits what you chose.")

    def test_says_when_there_is_nothing_yet(self) -> None:
        client = self.sign_in_as("alice")
        AuditEvent.objects.all()._raw_delete("default")

        self.assertContains(client.get(URL), "Nothing has happened yet")

    def test_refuses_what_is_not_a_day_or_a_group(self) -> None:
        client = self.sign_in_as("alice")
        for query in (
            {"first_on": "yesterday"},
            {"first_on": "0001-01-01"},
            {"last_on": "9999-12-31"},
            {"first_on": "2026-03-02", "last_on": "2026-03-01"},
            {"group": "everything"},
        ):
            for url in (URL, CSV_URL):
                response = client.get(url, query)
                self.assertContains(response, "There is a problem")
                self.assertNotContains(response, "Post")

    def test_shows_fifty_on_a_page(self) -> None:
        for _ in range(60):
            services.record(events.ENTRY_CHANGED, user=self.alice)
        client = self.sign_in_as("alice")

        first = client.get(URL, {"group": "codes"})
        second = client.get(URL, {"group": "codes", "page": "2"})

        assert first.content.count(b"<tr>\n") == 50
        assert second.content.count(b"<tr>\n") == 11
        self.assertContains(first, "?group=codes&amp;page=2")

    def test_costs_the_same_for_many_events(self) -> None:
        client = self.sign_in_as("alice")
        client.get(URL)
        for _ in range(60):
            services.record(events.ENTRY_CHANGED, user=self.alice)

        # The session, the user, the unread notifications, the number of events, one page of them.
        with self.assertNumQueries(5):
            client.get(URL)

    def test_escapes_what_people_typed(self) -> None:
        services.record(events.ENTRY_ADDED, user=self.alice, details={"issuer": "<b>x</b>"})
        response = self.sign_in_as("alice").get(URL)

        self.assertContains(response, "&lt;b&gt;x&lt;/b&gt;")


class CsvTest(TestCase):
    def download(self, **query: str) -> list[list[str]]:
        response = self.sign_in_as("alice").get(CSV_URL, query)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"].startswith("attachment")
        text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
        return list(csv.reader(text.splitlines()))

    def test_holds_the_own_events(self) -> None:
        services.record(events.ENTRY_ADDED, user=self.alice, details={"issuer": "Post"})
        services.record(events.ENTRY_ADDED, user=self.bob, details={"issuer": "Bank"})

        lines = self.download(group="codes")

        assert lines[0] == ["Time (UTC)", "What", "Address", "Browser", "Event"]
        assert [line[1] for line in lines[1:]] == ["You added Post."]

    def test_holds_more_than_a_page(self) -> None:
        for _ in range(120):
            services.record(events.ENTRY_CHANGED, user=self.alice)

        assert len(self.download(group="codes")) == 121

    def test_neutralises_formulas(self) -> None:
        # A purge's sentence starts with the name that somebody chose.
        details = {"issuer": '=HYPERLINK("http://evil.example")'}
        services.record(events.ENTRY_PURGED, user=self.alice, details=details)

        assert self.download(group="codes")[1][1].startswith("'=HYPERLINK")

    def test_follows_the_filter(self) -> None:
        at = timezone.now() - timedelta(days=400)
        services.record(events.ENTRY_ADDED, user=self.alice, at=at)

        assert len(self.download(group="codes", first_on=str(timezone.localdate()))) == 1


class HarmlessTest(SimpleTestCase):
    def test_marks_whatever_a_spreadsheet_would_run(self) -> None:
        for cell in ("=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"):
            assert activity.harmless(cell) == f"'{cell}"

    def test_leaves_words_alone(self) -> None:
        for cell in ("Post", "1=1", "", "a-b"):
            assert activity.harmless(cell) == cell
