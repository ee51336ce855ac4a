from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AddressChange, PasswordReset, User
from accounts.reset.tests.links import issue
from audit.models import AuditEvent
from tests import base


class AddressTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def ask(self, email: str = "new@example.com") -> Any:
        with self.captureOnCommitCallbacks(execute=True):
            return self.client.post("/settings/", {"email": email, "display_name": "Alice"})

    def token(self, email: str = "new@example.com") -> str:
        bodies = [str(message.body) for message in mail.outbox if message.to == [email]]
        return str(re.findall(r"http://localhost:8000/address/#(\S+)", "\n".join(bodies))[-1])

    def open_link(self, client: Client | None = None, token: str | None = None) -> Any:
        return (client or self.client).post("/address/link/", {"token": token or self.token()})

    def email(self) -> str:
        return User.objects.get(pk=self.alice.pk).email


class ChangeTests(AddressTestCase):
    def test_waits_for_the_new_mailbox_and_tells_the_old(self) -> None:
        self.ask("New@example.com")

        assert self.email() == "alice@example.com"
        assert sorted(message.to[0] for message in mail.outbox) == [
            "alice@example.com",
            "new@example.com",
        ]
        self.assertContains(self.client.get("/settings/"), "waits to be confirmed")
        assert self.token() not in str(vars(AddressChange.objects.get()))

    def test_changes_once_it_is_confirmed_and_tells_the_old(self) -> None:
        self.ask()
        assert self.open_link().headers["Location"] == "/settings/address/"
        self.assertContains(self.client.get("/settings/address/"), "new@example.com")
        assert self.email() == "alice@example.com"
        mail.outbox.clear()
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post("/settings/address/")

        assert self.email() == "new@example.com"
        assert [message.to for message in mail.outbox] == [["alice@example.com"]]
        assert AuditEvent.objects.filter(event="address.changed", user=self.alice.id).exists()

    def test_works_once(self) -> None:
        self.ask()
        token = self.token()
        self.open_link()
        self.client.post("/settings/address/")

        assert self.open_link(token=token).status_code == 410
        assert self.client.post("/settings/address/").status_code == 410

    def test_expires_after_a_day(self) -> None:
        self.ask()
        self.open_link()
        AddressChange.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        assert self.client.post("/settings/address/").status_code == 410
        assert self.open_link().status_code == 410
        assert self.email() == "alice@example.com"

    def test_needs_the_session_of_its_owner(self) -> None:
        self.ask()
        signed_out, bob = Client(), self.sign_in_as("bob", Client())

        assert self.open_link(signed_out).status_code == 302
        location = signed_out.get("/settings/address/").headers["Location"]
        assert location == "/sign-in/?next=/settings/address/"
        self.open_link(bob)
        assert bob.post("/settings/address/").status_code == 410
        assert AuditEvent.objects.filter(event="access.foreign_object", user=self.bob.id).exists()

    def test_goes_on_after_the_sign_in(self) -> None:
        self.ask()
        other = Client()
        self.open_link(other)
        self.sign_in_as("alice", other)

        assert other.post("/settings/address/").status_code == 302
        assert self.email() == "new@example.com"

    def test_is_cancelled(self) -> None:
        self.ask()
        self.open_link()
        self.client.post("/settings/address/cancel/")

        assert self.client.post("/settings/address/").status_code == 410
        self.assertNotContains(self.client.get("/settings/"), "waits to be confirmed")
        assert self.client.post("/settings/address/cancel/").status_code == 302
        events = AuditEvent.objects.filter(event="address.change_cancelled", user=self.alice.id)
        assert events.count() == 1

    def test_takes_the_place_of_an_earlier_one(self) -> None:
        self.ask("first@example.com")
        self.ask("second@example.com")

        assert self.open_link(token=self.token("first@example.com")).status_code == 410
        assert self.open_link(token=self.token("second@example.com")).status_code == 302

    def test_ends_links_that_went_to_the_old_mailbox(self) -> None:
        issue(self.alice)
        self.ask()
        self.open_link()
        self.client.post("/settings/address/")

        assert not PasswordReset.open(at=timezone.now()).exists()

    def test_refuses_an_address_that_somebody_took_meanwhile(self) -> None:
        self.ask()
        self.open_link()
        base.make_user("new")

        assert self.client.post("/settings/address/").status_code == 410
        assert self.email() == "alice@example.com"


class TakenAddressTests(AddressTestCase):
    def test_is_asked_for_with_the_same_answer(self) -> None:
        taken, free = self.shown("bob@example.com"), self.shown("bbb@example.com")

        assert taken == free

    def shown(self, email: str) -> str:
        self.ask(email)
        self.alice.notifications.update(read_at=timezone.now())
        page = self.client.get("/settings/").content.decode()
        page = re.sub(r'(data-csrf|data-remaining|csrfmiddlewaretoken" value)="\w+"', "", page)
        return re.sub(r"until [^.]+\.", "", page).replace(email, "")

    def test_mails_its_owner_instead(self) -> None:
        self.ask("bob@example.com")

        message = next(message for message in mail.outbox if message.to == ["bob@example.com"])
        assert "already" in message.subject
        assert "/address/#" not in message.body

    def test_mails_an_address_three_times_an_hour_at_most(self) -> None:
        for email in ("bob@example.com", "free@example.com"):
            assert [self.ask(email).status_code for _ in range(4)] == [302, 302, 302, 429]

    def test_refuses_what_is_no_address_once_it_is_normalised(self) -> None:
        assert self.ask("a@ex\u2100mple.com").status_code == 422
        assert self.ask("a" * 60 + "@" + "\ufb03" * 60 + ".com").status_code in {302, 422}
