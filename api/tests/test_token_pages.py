from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from api import services
from api.models import ApiToken
from api.tests.making import Program, make_token
from audit import events
from audit.models import AuditEvent
from keyslots import services as keyslots
from recovery.tests import people
from tests import base

LIST = "/settings/security/tokens/"
NEW = "/settings/security/tokens/new/"


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "token_id": str(uuid.uuid4()),
        "name": "Backup script",
        "scopes": ["codes:read"],
        "days": "30",
        "networks": "",
        **changes,
    }


class ListTests(base.TestCase):
    def test_is_closed_to_who_is_signed_out(self) -> None:
        for path in (LIST, NEW):
            self.assertRedirects(
                self.client.get(path), f"/sign-in/?next={path}", fetch_redirect_response=False
            )

    def test_shows_ones_own_tokens_and_never_their_text(self) -> None:
        row, token = make_token(self.alice, name="Mine", networks=["192.0.2.7"])
        make_token(self.bob, name="Theirs")
        self.sign_in_as("alice")

        page = self.client.get(LIST)
        self.assertContains(page, "Mine")
        self.assertContains(page, row.prefix)
        self.assertContains(page, "only from 192.0.2.7")
        self.assertContains(page, "Never used")
        self.assertNotContains(page, token)
        self.assertNotContains(page, "Theirs")

    def test_asks_as_often_for_many_as_for_one(self) -> None:
        self.sign_in_as("alice")
        make_token(self.alice)
        with self.assertNumQueries(5):
            self.client.get(LIST)
        for _ in range(5):
            make_token(self.alice)
        with self.assertNumQueries(5):
            self.client.get(LIST)

    def test_is_led_to_from_the_security_page(self) -> None:
        make_token(self.alice)
        self.sign_in_as("alice")

        self.assertContains(self.client.get("/settings/security/"), LIST)


class MakingTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def test_shows_the_token_once(self) -> None:
        response = self.client.post(NEW, wish())

        found = re.search(r"anode_[\w-]{43}", response.content.decode())
        assert found
        assert Program(found[0]).get("/api/v1/token").json()["scopes"] == ["codes:read"]
        assert "no-store" in response["Cache-Control"]
        self.assertNotContains(self.client.get(LIST), found[0])

    def test_asks_to_confirm_first(self) -> None:
        session = self.client.session
        session["proven_at"] = (timezone.now() - timedelta(minutes=6)).timestamp()
        session.save()

        assert self.client.get(NEW)["Location"] == f"/confirm/?next={NEW.replace('/', '%2F')}"
        assert self.client.post(NEW, wish())["Location"].startswith("/confirm/")
        assert not ApiToken.objects.exists()

    def test_is_closed_to_a_session_of_a_backup_code(self) -> None:
        people.add_factor(self.bob)
        client = Client()
        people.show(client, "bob", people.make_codes(self.bob)[0])

        assert client.get(NEW)["Location"] == "/settings/security/enrol/"
        assert client.post(NEW, wish())["Location"] == "/settings/security/enrol/"
        assert not ApiToken.objects.exists()

    def test_makes_one_of_a_page_that_is_sent_again(self) -> None:
        same = wish()
        self.client.post(NEW, same)
        response = self.client.post(NEW, same, follow=True)

        assert ApiToken.objects.count() == 1
        self.assertContains(response, "was made already")

    def test_reads_addresses_as_people_write_them(self) -> None:
        networks = "192.0.2.7, 2001:db8::/48\n192.0.2.7\n10.1.2.3/24"
        self.client.post(NEW, wish(networks=networks))

        assert ApiToken.objects.get().networks == ["192.0.2.7", "2001:db8::/48", "10.1.2.0/24"]

    def test_says_what_is_wrong(self) -> None:
        for changes, sentence in (
            ({"name": ""}, "Enter a name"),
            ({"scopes": []}, "Choose what the token may do"),
            ({"scopes": ["everything"]}, "everything"),
            ({"days": "9999"}, "9999"),
            ({"networks": "home"}, "“home” is not an address"),
            ({"networks": "0.0.0.0/0"}, "nearly everywhere"),
            ({"networks": " ".join(f"192.0.2.{n}" for n in range(21))}, "20 addresses"),
        ):
            self.assertContains(self.client.post(NEW, wish(**changes)), sentence, status_code=422)
        assert not ApiToken.objects.exists()

    def test_stops_at_twenty(self) -> None:
        for _ in range(services.MOST_PER_USER):
            make_token(self.alice)

        response = self.client.post(NEW, wish())
        self.assertContains(response, "as many tokens as one may have", status_code=422)


class EndingTests(base.TestCase):
    def test_ends_a_token_at_once(self) -> None:
        row, token = make_token(self.alice)
        self.sign_in_as("alice")

        response = self.client.post(f"{LIST}{row.pk}/end/", follow=True)
        self.assertContains(response, "opens nothing now")
        assert Program(token).get("/api/v1/token").status_code == 401
        self.assertContains(self.client.post(f"{LIST}{row.pk}/end/", follow=True), "had ended")

    def test_hides_those_of_others(self) -> None:
        row, token = make_token(self.bob)
        self.sign_in_as("alice")

        assert self.client.post(f"{LIST}{row.pk}/end/").status_code == 404
        assert self.client.post(f"{LIST}{uuid.uuid4()}/end/").status_code == 404
        assert Program(token).get("/api/v1/token").status_code == 200
        assert AuditEvent.objects.filter(event=events.FOREIGN_OBJECT).count() == 1

    def test_shows_what_became_of_them(self) -> None:
        row, _ = make_token(self.alice)
        services.end_all(self.alice.pk, ApiToken.EndReason.CREDENTIALS_CHANGED, at=timezone.now())
        self.sign_in_as("alice")

        page = self.client.get(LIST)
        self.assertContains(page, "password or factors changed")
        self.assertNotContains(page, f"{row.pk}/end/")

    def test_a_changed_password_ends_them(self) -> None:
        _, token = make_token(self.alice)
        self.sign_in_as("alice")
        old = keyslots.password_slot(self.alice.id)
        assert old is not None
        slot = base.slot_for("new", self.alice.id, vault_key_id=old.vault_key_id)
        form = {
            "auth_secret": base.posted_secret("alice"),
            "new_auth_secret": base.posted_secret("new"),
            "password_slot": base.posted_slot(slot),
        }

        assert self.client.post("/settings/security/password/", form).status_code == 302
        assert Program(token).get("/api/v1/token").status_code == 401
