from __future__ import annotations

from django.core import mail
from django.test import RequestFactory
from django.utils import timezone

from audit import context
from notifications import kinds, services
from notifications.context_processors import unread_notifications
from notifications.models import Notification, NotificationPreference, OutgoingMail
from tests.base import TestCase


class NotifyTest(TestCase):
    def setUp(self) -> None:
        super().setUp()
        Notification.objects.all().delete()
        self.now = timezone.now()

    def notify(self, kind: str, **params: str) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            services.notify(self.alice, kind, params=params, at=self.now)

    def prefer(self, kind: str, *, in_app: bool, mail: bool) -> None:
        NotificationPreference.objects.create(user=self.alice, kind=kind, in_app=in_app, mail=mail)

    def test_tells_in_the_inbox_and_by_mail(self) -> None:
        self.notify("password_changed")

        notification = Notification.objects.get(user=self.alice)
        assert (notification.kind, notification.is_unread) == ("password_changed", True)
        assert [sent.to for sent in mail.outbox] == [["alice@example.com"]]

    def test_tells_where_it_came_from(self) -> None:
        token = context.enter(context.Origin("203.0.113.5", "Firefox on Linux"))
        self.notify("password_changed")
        context.leave(token)

        sentence = Notification.objects.get(user=self.alice).sentence
        assert "from Firefox on Linux at 203.0.113.5" in sentence

    def test_prefers_what_the_caller_knows(self) -> None:
        self.notify("new_sign_in", address="198.51.100.7", browser="Safari on iPhone")

        sentence = Notification.objects.get(user=self.alice).sentence
        assert "from Safari on iPhone at 198.51.100.7" in sentence

    def test_refuses_an_unknown_kind(self) -> None:
        with self.assertRaises(kinds.UnknownKind):
            self.notify("earthquake")

    def test_follows_the_choice(self) -> None:
        self.prefer("invitation_accepted", in_app=False, mail=False)

        self.notify("invitation_accepted", email="dora@example.com")

        assert not Notification.objects.filter(user=self.alice).exists()
        assert mail.outbox == []

    def test_mails_security_whatever_was_chosen(self) -> None:
        self.prefer("password_changed", in_app=False, mail=False)

        self.notify("password_changed")

        assert not Notification.objects.filter(user=self.alice).exists()
        assert len(mail.outbox) == 1

    def test_names_the_user_of_a_mail_for_the_audit_log(self) -> None:
        self.notify("password_changed")

        assert OutgoingMail.objects.get(kind="password_changed").user == self.alice.id

    def test_still_shows_a_kind_of_another_release(self) -> None:
        unknown = Notification(kind="earthquake", params={})

        assert (unknown.title, unknown.sentence) == ("earthquake", "")


class KindsTest(TestCase):
    def test_have_a_sentence_without_their_words(self) -> None:
        for kind in kinds.ALL.values():
            assert "%(" not in kinds.sentence(kind, {})

    def test_lock_the_mail_of_security_alone(self) -> None:
        for kind in kinds.ALL.values():
            assert kind.is_locked("mail") == kind.is_security
        assert not kinds.get("invitation_accepted").is_locked("mail")
        assert kinds.get("password_changed").is_locked("mail")
        for kind in kinds.ALL.values():
            assert kind.is_locked("in_app") == kind.is_unconditional
        assert kinds.get("unusual_sign_in_high").is_locked("in_app")
        assert not kinds.get("unusual_sign_in_medium").is_locked("mail")


class BadgeTest(TestCase):
    def test_counts_once_and_only_when_it_is_shown(self) -> None:
        Notification.objects.all().delete()
        for owner in (self.alice, self.alice, self.bob):
            services.notify(owner, "password_changed", at=timezone.now())
        request = RequestFactory().get("/")
        request.user = self.alice

        with self.assertNumQueries(0):
            count = unread_notifications(request)["unread_notifications"]
        with self.assertNumQueries(1):
            assert (count(), count()) == (2, 2)

    def test_is_nothing_for_a_stranger(self) -> None:
        with self.assertNumQueries(0):
            assert unread_notifications(RequestFactory().get("/"))["unread_notifications"]() == 0
