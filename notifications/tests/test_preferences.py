from __future__ import annotations

from audit import events
from audit.models import AuditEvent
from notifications import kinds, services
from notifications.models import NotificationPreference
from tests.base import TestCase

URL = "/settings/notifications/"


class PreferencesTest(TestCase):
    def choice(self, kind: str) -> tuple[bool, bool]:
        chosen = services.choice(self.alice, kinds.get(kind))
        return chosen.in_app, chosen.mail

    def test_sends_a_stranger_to_the_sign_in(self) -> None:
        for response in (self.client.get(URL), self.client.post(URL)):
            assert response.status_code == 302
            assert response.headers["Location"].startswith("/sign-in/")

    def test_shows_a_box_for_each_kind_and_channel(self) -> None:
        response = self.sign_in_as("alice").get(URL)

        for name, kind in kinds.ALL.items():
            for channel in (kinds.IN_APP, kinds.MAIL):
                count = 0 if kind.for_operators else 1
                self.assertContains(response, f'name="{name}-{channel}"', count=count)

    def test_shows_locked_mails_checked_with_the_reason(self) -> None:
        response = self.sign_in_as("alice").get(URL)
        mine = [kind for kind in kinds.ALL.values() if not kind.for_operators]
        locked = sum(kind.is_security for kind in mine)

        self.assertContains(response, "Always sent by mail", count=locked)
        box = response.context["form"]["password_changed-mail"]
        assert "disabled" in str(box)
        assert "checked" in str(box)

    def test_is_found_at_its_former_address(self) -> None:
        response = self.sign_in_as("alice").get("/notifications/preferences/")

        self.assertRedirects(response, URL, status_code=301)

    def test_keeps_the_choice(self) -> None:
        client = self.sign_in_as("alice")

        self.assertRedirects(client.post(URL, {"invitation_accepted-mail": "on"}), URL)

        assert self.choice("invitation_accepted") == (False, True)
        assert self.choice("account_created") == (False, False)
        assert AuditEvent.objects.filter(event=events.PREFERENCES_CHANGED).count() == 1

    def test_keeps_security_mails_on_whatever_is_posted(self) -> None:
        client = self.sign_in_as("alice")

        client.post(URL, {"password_changed-mail": "", "new_sign_in-mail": "false"})

        assert self.choice("password_changed") == (False, True)
        assert self.choice("new_sign_in") == (False, True)

    def test_ignores_a_row_that_was_changed_elsewhere(self) -> None:
        NotificationPreference.objects.create(
            user=self.alice, kind="password_changed", in_app=True, mail=False
        )

        assert self.choice("password_changed") == (True, True)

    def test_changes_nobody_elses(self) -> None:
        self.sign_in_as("bob").post(URL, {})

        assert self.choice("invitation_accepted") == (True, True)

    def test_costs_the_same_for_all_kinds(self) -> None:
        client = self.sign_in_as("alice")
        client.get(URL)

        # The session, the user, the choices, the unread notifications.
        with self.assertNumQueries(4):
            client.get(URL)
