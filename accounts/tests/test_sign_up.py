from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import close_old_connections, connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts import sign_up
from accounts.credentials import NewCredentials
from accounts.models import SignUpToken, User
from keyslots import services as keyslots
from tests import base


def open_link(client: Client, link: str) -> Any:
    """Do what the page's script does: post the token that stands in the fragment."""
    assert "#" in link
    return client.post("/sign-up/link/", {"token": link.partition("#")[2]})


def fill_in(client: Client, name: str, **changes: Any) -> Any:
    page = client.get("/sign-up/account/").content.decode()
    user_id, slot_id = (
        re.search(f'data-{word}="([0-9a-f-]+)"', page)[1]  # type: ignore[index]
        for word in ("user-id", "slot-id")
    )
    slot = base.slot_for(name, user_id, slot_id=changes.pop("slot_id", slot_id))  # type: ignore[arg-type]
    form = {
        "email": f"{name}@example.com",
        "display_name": name.capitalize(),
        "new_auth_secret": base.posted_secret(name),
        "password_slot": base.posted_slot(slot),
        **changes,
    }
    return client.post("/sign-up/account/", form)


class SetUpLinkTests(base.TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        """A site nobody has an account on."""

    def test_makes_the_first_operator_and_signs_them_in(self) -> None:
        link = sign_up.make_set_up_link(at=timezone.now())
        open_link(self.client, link)

        response = fill_in(self.client, "olga")

        assert response.headers["Location"] == "/"
        user = User.objects.get()
        assert (user.email, user.is_staff, user.is_superuser) == ("olga@example.com", True, True)
        assert keyslots.opens_with(user.id, salt=user.salt)
        assert self.client.get("/invitations/").status_code == 200

    def test_works_once(self) -> None:
        link = sign_up.make_set_up_link(at=timezone.now())
        open_link(self.client, link)
        fill_in(self.client, "olga")

        response = open_link(Client(), link)

        assert response.status_code == 410
        self.assertContains(response, "no longer works", status_code=410)

    def test_replaces_an_earlier_link(self) -> None:
        first = sign_up.make_set_up_link(at=timezone.now())
        sign_up.make_set_up_link(at=timezone.now())

        assert open_link(self.client, first).status_code == 410

    def test_expires(self) -> None:
        link = sign_up.make_set_up_link(at=timezone.now() - timedelta(hours=24))

        assert open_link(self.client, link).status_code == 410

    def test_is_printed_by_the_command_while_it_is_needed(self) -> None:
        out = StringIO()
        call_command("setup_link", if_needed=True, stdout=out)
        assert out.getvalue().startswith("http://localhost:8000/sign-up/#")

        base.make_user("olga", is_staff=True, is_superuser=True)
        out = StringIO()
        call_command("setup_link", if_needed=True, stdout=out)
        assert out.getvalue() == ""
        with pytest.raises(CommandError, match="has an operator already"):
            call_command("setup_link")


class InvitationTests(base.TestCase):
    def invite(self, **changes: Any) -> str:
        wanted = {"email": "dora@example.com", "invited_by": self.charlie, **changes}
        return sign_up.invite(at=timezone.now(), **wanted)

    def test_is_for_one_address(self) -> None:
        open_link(self.client, self.invite())

        fill_in(self.client, "dora", email="other@example.com")

        user = User.objects.get(email="dora@example.com")
        assert not user.is_staff
        assert user.display_name == "Dora"
        assert not User.objects.filter(email="other@example.com").exists()

    def test_can_make_an_operator(self) -> None:
        open_link(self.client, self.invite(makes_operator=True))
        fill_in(self.client, "dora")

        assert User.objects.get(email="dora@example.com").is_staff

    def test_is_mailed_with_its_link(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            link = self.invite()

        assert mail.outbox[0].to == ["dora@example.com"]
        assert link in mail.outbox[0].body

    def test_tells_who_invited(self) -> None:
        open_link(self.client, self.invite())
        fill_in(self.client, "dora")

        assert self.charlie.notifications.filter(kind="invitation_accepted").count() == 1

    def test_replaces_an_earlier_invitation(self) -> None:
        first = self.invite()
        self.invite()

        assert open_link(self.client, first).status_code == 410

    def test_refuses_a_known_address(self) -> None:
        with pytest.raises(sign_up.AddressTaken):
            self.invite(email="ALICE@example.com")

    @override_settings(SIGN_UP="closed")
    def test_refuses_on_a_closed_site(self) -> None:
        with pytest.raises(sign_up.SignUpClosed):
            self.invite()

    def test_keeps_only_a_hash_of_the_token(self) -> None:
        token = self.invite().partition("#")[2]

        row = SignUpToken.objects.get()
        assert token not in str(vars(row))

    def test_is_made_by_the_command(self) -> None:
        out = StringIO()
        call_command("invite", "dora@example.com", stdout=out)

        assert open_link(self.client, out.getvalue().strip()).status_code == 302
        for address in ("nonsense", "alice@example.com"):
            with pytest.raises(CommandError):
                call_command("invite", address)


class SignUpPageTests(base.TestCase):
    def open(self) -> None:
        link = sign_up.invite(email="dora@example.com", invited_by=None, at=timezone.now())
        open_link(self.client, link)

    def test_needs_a_link(self) -> None:
        assert self.client.get("/sign-up/account/").status_code == 410
        self.assertContains(self.client.get("/sign-up/"), "by invitation")

    def test_refuses_the_slot_of_another_link(self) -> None:
        self.open()

        response = fill_in(self.client, "dora", slot_id=uuid4())

        self.assertContains(response, "belongs to another link", status_code=422)

    def test_refuses_what_a_browser_without_the_script_would_post(self) -> None:
        self.open()
        for change in (
            {"new_auth_secret": "my password"},
            {"password_slot": ""},
            {"password_slot": "[]"},
        ):
            response = fill_in(self.client, "dora", **change)
            self.assertContains(response, "before it had turned", status_code=422)
        assert not User.objects.filter(email="dora@example.com").exists()

    def test_leaves_nothing_half_done_when_the_address_is_taken_meanwhile(self) -> None:
        self.open()
        base.make_user("dora")

        response = fill_in(self.client, "dora")

        self.assertContains(response, "cannot be used", status_code=422)
        assert SignUpToken.objects.get().used_at is None


@override_settings(SIGN_UP="open")
class OpenSignUpTests(base.TestCase):
    def request(self, email: str) -> Any:
        with self.captureOnCommitCallbacks(execute=True):
            return self.client.post("/sign-up/request/", {"email": email})

    def test_mails_a_link_first(self) -> None:
        self.request("New@example.com")

        link = re.search(r"http://localhost:8000/sign-up/#\S+", str(mail.outbox[0].body))
        assert link is not None
        open_link(self.client, link[0])
        fill_in(self.client, "new")
        assert User.objects.filter(email="new@example.com").exists()

    def test_answers_a_known_address_alike_and_mails_its_owner(self) -> None:
        known, unknown = self.request("alice@example.com"), self.request("other@example.com")

        same = known.content.decode().replace("alice@", "other@")
        assert re.sub(r'data-csrf="\w+"', "", same) == re.sub(
            r'data-csrf="\w+"', "", unknown.content.decode()
        )
        assert [message.to for message in mail.outbox] == [
            ["alice@example.com"],
            ["other@example.com"],
        ]
        assert "/sign-up/#" not in mail.outbox[0].body

    def test_mails_an_address_three_times_an_hour_at_most(self) -> None:
        statuses = [self.request("new@example.com").status_code for _ in range(4)]

        assert statuses == [200, 200, 200, 429]
        assert len(mail.outbox) == 3

    def test_is_refused_by_invitation_only_sites(self) -> None:
        with override_settings(SIGN_UP="invitation"):
            assert self.request("new@example.com").status_code == 422
        assert mail.outbox == []


class ParallelSignUpTests(base.TransactionTestCase):
    def test_makes_one_account_of_one_link(self) -> None:
        link = sign_up.invite(email="dora@example.com", invited_by=None, at=timezone.now())
        token = sign_up.find(link.partition("#")[2], at=timezone.now())

        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(_complete, [token] * 8))

        assert made.count(True) == 1
        assert User.objects.filter(email="dora@example.com").count() == 1


def _complete(token: SignUpToken) -> bool:
    close_old_connections()
    slot = base.slot_for("dora", token.user_id, slot_id=token.slot_id)
    new = NewCredentials(base.auth_secret_of("dora"), slot)
    try:
        sign_up.complete(token.id, email="", display_name="", new=new, at=timezone.now())
    except sign_up.LinkNotValid:
        return False
    finally:
        connection.close()
    return True
