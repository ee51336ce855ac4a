from __future__ import annotations

import uuid
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import events
from audit.models import AuditEvent
from notifications import services
from notifications.models import Notification
from tests.base import TestCase

URL = "/notifications/"
READ_ALL = "/notifications/read/"


class InboxTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        Notification.objects.all().delete()
        self.now = timezone.now()

    def make(self, count: int = 1) -> list[Notification]:
        for number in range(count):
            params = {"email": f"guest{number}@example.com"}
            at = self.now - timedelta(minutes=number)
            services.notify(self.alice, "invitation_accepted", params=params, at=at)
        return list(Notification.objects.for_owner(self.alice))

    def unread(self) -> int:
        return Notification.objects.for_owner(self.alice).unread().count()

    def test_sends_a_stranger_to_the_sign_in(self) -> None:
        self.client.logout()

        for response in (self.client.get(URL), self.client.post(READ_ALL)):
            assert response.status_code == 302
            assert response.headers["Location"].startswith("/sign-in/")

    def test_lists_the_newest_first(self) -> None:
        self.make(2)
        text = self.client.get(URL).content.decode()

        assert text.index("guest0@example.com") < text.index("guest1@example.com")

    def test_shows_nobody_elses(self) -> None:
        self.make()
        response = self.sign_in_as("bob", Client()).get(URL)

        self.assertNotContains(response, "guest0")

    def test_says_when_it_is_empty(self) -> None:
        self.assertContains(self.client.get(URL), "No notifications")

    def test_marks_one_read(self) -> None:
        first, _ = self.make(2)

        response = self.client.post(reverse("notifications:read", args=[first.id]))

        self.assertRedirects(response, URL)
        first.refresh_from_db()
        assert not first.is_unread
        assert self.unread() == 1

    def test_marks_all_read(self) -> None:
        self.make(3)

        self.assertRedirects(self.client.post(READ_ALL), URL)

        assert self.unread() == 0
        self.assertNotContains(self.client.get(URL), "Mark all as read")

    def test_leaves_unread_what_arrives_later(self) -> None:
        self.make(2)

        services.mark_all_read(user=self.alice, at=self.now - timedelta(seconds=1))

        assert self.unread() == 1

    def test_changes_nothing_by_a_link(self) -> None:
        notification = self.make()[0]
        for url in (READ_ALL, reverse("notifications:read", args=[notification.id])):
            assert self.client.get(url).status_code == 405
        assert self.unread() == 1

    def test_refuses_somebody_elses_and_records_it(self) -> None:
        url = reverse("notifications:read", args=[self.make()[0].id])

        assert self.sign_in_as("bob", Client()).post(url).status_code == 404

        assert self.unread() == 1
        event = AuditEvent.objects.get(event=events.FOREIGN_OBJECT)
        assert (event.user, event.facts) == (self.bob.id, {"kind": "notification"})

    def test_answers_the_same_for_one_that_does_not_exist(self) -> None:
        url = reverse("notifications:read", args=[uuid.uuid4()])

        assert self.client.post(url).status_code == 404
        assert not AuditEvent.objects.filter(event=events.FOREIGN_OBJECT).exists()

    def test_shows_thirty_on_a_page(self) -> None:
        self.make(35)

        assert self.client.get(URL).content.count(b"row-unread") == 30
        assert self.client.get(URL, {"page": "2"}).content.count(b"row-unread") == 5

    def test_costs_the_same_for_many(self) -> None:
        self.make(35)

        # The session, the user, the number of notifications, a page of them, the unread ones.
        with self.assertNumQueries(5):
            self.client.get(URL)

    def test_shows_the_badge(self) -> None:
        self.make(3)

        self.assertContains(self.client.get(URL), "data-unread>3<")
