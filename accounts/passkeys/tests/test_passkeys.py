from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import close_old_connections, connection
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from accounts.models import Passkey, User, WebAuthnChallenge
from accounts.passkeys import answers, relying_party
from accounts.passkeys.tests.soft_authenticator import SoftAuthenticator
from accounts.tests.test_account import age_the_proof
from audit.models import AuditEvent, Tombstone
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from tests import base

SETTINGS = "/settings/security/passkeys/"


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, body if body is not None else {}, content_type="application/json")


def enrol(client: Client, authenticator: SoftAuthenticator | None = None) -> SoftAuthenticator:
    authenticator = authenticator or SoftAuthenticator()
    options = post(client, f"{SETTINGS}add/options/").json()
    answer = {"credential": authenticator.create(options), "name": "Blue key"}
    response = post(client, f"{SETTINGS}add/answer/", answer)
    assert response.status_code == 200, response.content
    return authenticator


def use(client: Client, authenticator: SoftAuthenticator, place: str, **body: Any) -> Any:
    options = post(client, f"{place}options/").json()
    return post(client, f"{place}answer/", {"credential": authenticator.get(options), **body})


class EnrolmentTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def answer(self, credential: Any) -> Any:
        return post(self.client, f"{SETTINGS}add/answer/", {"credential": credential})

    def options(self, **wishes: bool) -> dict[str, Any]:
        answer: dict[str, Any] = post(self.client, f"{SETTINGS}add/options/", wishes).json()
        return answer

    def test_keeps_the_passkey(self) -> None:
        authenticator = enrol(self.client)

        row = Passkey.objects.get()
        assert row.user == self.alice
        assert row.name == "Blue key"
        assert row.credential_id == crypto.encode_base64url(authenticator.credential_id)
        assert row.transports == ["internal"]
        assert "passkey" in self.client.session["amr"]
        assert AuditEvent.objects.filter(event="factor.enrolled", user=self.alice.id).exists()
        self.assertContains(self.client.get("/settings/security/"), "Blue key")

    def test_names_the_site_of_the_settings_and_an_opaque_user(self) -> None:
        asked = self.options()["publicKey"]

        assert asked["rp"]["id"] == "localhost"
        handle = User.objects.get(pk=self.alice.pk).passkey_handle
        assert asked["user"]["id"] == handle
        assert str(self.alice.id) not in str(asked["user"]["id"])
        assert asked["authenticatorSelection"]["userVerification"] == "preferred"

    def test_takes_a_key_that_verifies_nobody_unless_it_opens_notes(self) -> None:
        plain = SoftAuthenticator(is_verified=False)

        refused = self.answer(plain.create(self.options(opens_notes=True)))
        taken = self.answer(plain.create(self.options()))

        assert (refused.status_code, taken.status_code) == (400, 200)

    def test_does_not_take_a_passkey_twice(self) -> None:
        authenticator = enrol(self.client)

        options = self.options()
        assert options["publicKey"]["excludeCredentials"][0]["id"] == crypto.encode_base64url(
            authenticator.credential_id
        )
        assert self.answer(authenticator.create(options)).status_code == 400
        assert Passkey.objects.count() == 1

    def test_refuses_another_origin_and_a_replay(self) -> None:
        wrong = SoftAuthenticator(origin="https://evil.example")
        assert self.answer(wrong.create(self.options())).status_code == 400
        good = SoftAuthenticator()
        credential = good.create(self.options())
        assert self.answer(credential).status_code == 200
        assert self.answer(credential).status_code == 400
        assert Passkey.objects.count() == 1

    def test_refuses_nonsense_with_a_sentence(self) -> None:
        cases: list[Any] = [None, [], {}, {"id": 7}, {"response": {}}, "text", {"id": "é"}]
        for nonsense in cases:
            self.options()
            response = self.answer(nonsense)
            assert response.status_code == 400
            assert "not accepted" in response.json()["error"]
        for body in (b"", b"[]", b"\xff", b"{" * 100, b'"' + b"x" * 70_000 + b'"'):
            response = self.client.post(
                f"{SETTINGS}add/answer/", body, content_type="application/json"
            )
            assert response.status_code == 400
            last = AuditEvent.objects.latest("id")
            assert (last.event, last.facts["reason"]) == ("factor.refused", "passkey malformed")
        assert not Passkey.objects.exists()

    def test_refuses_a_body_with_a_prf_result_wherever_it_stands(self) -> None:
        credential = SoftAuthenticator().create(self.options())
        results = {"prf": {"results": {"first": "secret"}}}

        response = self.answer({**credential, "clientExtensionResults": results})

        assert response.status_code == 400
        assert "must stay in the browser" in response.json()["error"]
        assert AuditEvent.objects.filter(event="factor.prf_result_refused").exists()
        with pytest.raises(answers.PrfResultPosted):
            answers.refuse_prf_result({"a": [{"b": results}]})

    def test_expires_after_five_minutes(self) -> None:
        credential = SoftAuthenticator().create(self.options())
        WebAuthnChallenge.objects.update(expires_at=timezone.now())

        assert self.answer(credential).status_code == 400

    def test_is_not_taken_from_another_browser(self) -> None:
        credential = SoftAuthenticator().create(self.options())
        other = self.sign_in_as("alice", Client())

        response = post(other, f"{SETTINGS}add/answer/", {"credential": credential})

        assert response.status_code == 400

    def test_asks_to_confirm_first(self) -> None:
        age_the_proof(self.client)

        assert self.client.get(f"{SETTINGS}add/").status_code == 302
        assert post(self.client, f"{SETTINGS}add/options/").status_code == 302


class PasswordlessTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.authenticator = enrol(self.client)
        self.client = Client()

    def sign_in(self, authenticator: SoftAuthenticator | None = None, **body: Any) -> Any:
        return use(self.client, authenticator or self.authenticator, "/sign-in/passkey/", **body)

    def test_is_a_complete_sign_in(self) -> None:
        response = self.sign_in(next="/activity/")

        assert response.json()["next"] == "/activity/"
        assert self.client.session["amr"] == ["passkey"]
        row = SessionActivity.objects.filter(user=self.alice).latest("started_at")
        assert row.amr == ["passkey"]
        assert Passkey.objects.get().last_used_at is not None

    def test_leads_only_to_pages_of_this_site(self) -> None:
        assert self.sign_in(next="https://evil.example/").json()["next"] == "/"

    def test_tells_nobody_who_has_a_passkey(self) -> None:
        asked = post(self.client, "/sign-in/passkey/options/").json()["publicKey"]

        assert not asked.get("allowCredentials")
        assert asked["userVerification"] == "required"

    def test_refuses_alike_whatever_is_wrong(self) -> None:
        stranger = SoftAuthenticator(handle=self.authenticator.handle)
        unverified = self.authenticator
        answers = [self.sign_in(stranger)]
        unverified.is_verified = False
        answers.append(self.sign_in(unverified))
        unverified.is_verified = True
        unverified.handle = b"another handle of 32 bytes......"
        answers.append(self.sign_in(unverified))

        assert {answer.status_code for answer in answers} == {400}
        assert len({answer.content for answer in answers}) == 1
        assert "_auth_user_id" not in self.client.session
        refused = AuditEvent.objects.filter(event="session.start_refused")
        assert refused.count() == 3

    def test_refuses_an_inactive_user(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(is_active=False)

        assert self.sign_in().status_code == 400

    def test_refuses_another_origin(self) -> None:
        self.authenticator.origin = "https://localhost.evil.example"

        assert self.sign_in().status_code == 400

    def test_cannot_be_replayed(self) -> None:
        options = post(self.client, "/sign-in/passkey/options/").json()
        answer = {"credential": self.authenticator.get(options)}
        post(self.client, "/sign-in/passkey/answer/", answer)

        again = Client()
        again.cookies["session"] = self.client.cookies["session"].value
        assert post(Client(), "/sign-in/passkey/answer/", answer).status_code == 400
        assert post(again, "/sign-in/passkey/answer/", answer).status_code == 400

    @override_settings(SITE_URL="https://codes.example.com")
    def test_takes_the_origin_from_the_settings_not_from_the_request(self) -> None:
        asked = post(self.client, "/sign-in/passkey/options/").json()["publicKey"]

        assert asked["rpId"] == "codes.example.com"
        assert self.sign_in().status_code == 400


class CounterTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.authenticator = enrol(self.client, SoftAuthenticator(counter=5))

    def test_grows(self) -> None:
        assert use(Client(), self.authenticator, "/sign-in/passkey/").status_code == 200
        assert Passkey.objects.get().sign_count == 6

    def test_refuses_and_tells_when_it_goes_back(self) -> None:
        self.authenticator.counter = 2

        assert use(Client(), self.authenticator, "/sign-in/passkey/").status_code == 400

        assert AuditEvent.objects.filter(event="factor.counter_went_back").exists()
        assert self.alice.notifications.filter(kind="passkey_copied").exists()


class FactorTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.authenticator = enrol(self.client)
        self.client = Client()

    def test_is_asked_for_after_the_password(self) -> None:
        response = base.sign_in(self.client, "alice", next="/activity/")
        assert response.headers["Location"] == "/sign-in/passkey/"
        assert self.client.get("/sign-in/passkey/").status_code == 200

        answer = use(self.client, self.authenticator, "/sign-in/passkey/factor/")

        assert answer.json() == {"next": "/activity/"}
        assert self.client.session["amr"] == ["pwd", "passkey"]

    def test_needs_no_verified_user_after_a_password(self) -> None:
        base.sign_in(self.client, "alice")
        self.authenticator.is_verified = False

        answer = use(self.client, self.authenticator, "/sign-in/passkey/factor/")

        assert answer.status_code == 200

    def test_takes_no_passkey_of_somebody_else(self) -> None:
        bob = self.sign_in_as("bob", Client())
        theirs = enrol(bob)
        base.sign_in(self.client, "alice")

        answer = use(self.client, theirs, "/sign-in/passkey/factor/")

        assert answer.status_code == 400
        assert AuditEvent.objects.filter(event="factor.refused", user=self.alice.id).exists()

    def test_needs_the_password_first(self) -> None:
        assert self.client.get("/sign-in/passkey/").headers["Location"] == "/sign-in/"
        assert post(self.client, "/sign-in/passkey/factor/options/").status_code == 400

    def test_asks_for_no_vault_key_of_a_password_that_was_not_typed(self) -> None:
        KeySlot.objects.filter(user=self.alice).delete()
        answer = use(self.client, self.authenticator, "/sign-in/passkey/", next="/settings/")

        assert answer.json()["next"] == "/settings/"

    def test_takes_no_challenge_of_another_purpose(self) -> None:
        base.sign_in(self.client, "alice")
        options = post(self.client, "/sign-in/passkey/options/").json()
        answer = {"credential": self.authenticator.get(options)}

        assert post(self.client, "/sign-in/passkey/factor/answer/", answer).status_code == 400

    def test_confirms_that_it_is_you(self) -> None:
        use(self.client, self.authenticator, "/sign-in/passkey/")
        age_the_proof(self.client)

        answer = use(self.client, self.authenticator, "/confirm/passkey/", next="/settings/delete/")

        assert answer.json() == {"next": "/settings/delete/"}
        assert self.client.get("/settings/delete/").status_code == 200


class RemovalTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        enrol(self.client)
        self.row = Passkey.objects.get()
        self.path = f"{SETTINGS}{self.row.pk}/"

    def add_slot(self) -> Any:
        current = keyslots.current_vault_key(self.alice.id)
        assert current is not None
        slot = crypto.wrap_for(
            "passkey",
            b"v" * 32,
            wrap_key=b"p" * 32,
            user_id=self.alice.id,
            vault_key_id=current.id,
            slot_id=uuid4(),
        )
        return post(self.client, f"{self.path}slot/", {"slot": slot.as_wire()})

    def test_opens_the_vault_key_with_a_slot_of_its_own(self) -> None:
        assert self.add_slot().json() == {"kept": True}

        self.row.refresh_from_db()
        assert self.row.slot is not None
        assert self.row.slot.kind == "passkey"
        assert self.add_slot().status_code == 400
        self.assertContains(self.client.get("/settings/security/"), "also opens your notes")

    def test_is_offered_where_it_does_not_open_the_notes_yet(self) -> None:
        page = f"{self.path}notes/"
        self.assertContains(self.client.get("/settings/security/keys/"), page)
        self.assertContains(self.client.get(page), self.row.credential_id)

        self.add_slot()

        assert self.client.get(page).headers["Location"] == "/settings/security/keys/"

    def test_brings_an_earlier_vault_key_along(self) -> None:
        self.add_slot()
        first = keyslots.current_vault_key(self.alice.id)
        later = base.slot_for("alice", self.alice.id)
        at = timezone.now() + timedelta(seconds=1)
        keyslots.start_vault_key(self.alice.id, later, at=at)
        self.row.refresh_from_db()
        assert first is not None and self.row.slot is not None
        former = f"/settings/security/keys/{self.row.slot.pk}/open/"
        assert self.client.get(former).headers["Location"] == f"{self.path}notes/"
        self.assertContains(self.client.get(f"{self.path}notes/"), "former-slot")
        # Without what it opened until now nothing is thrown away.
        assert self.add_slot().status_code == 400

        slots = {
            name: crypto.wrap_for(
                kind,
                b"v" * 32,
                wrap_key=b"p" * 32,
                user_id=self.alice.id,
                vault_key_id=key_id,
                slot_id=uuid4(),
                newer_key_id=newer,
            ).as_wire()
            for name, kind, key_id, newer in (
                ("slot", "passkey", later.vault_key_id, None),
                ("older", "older", first.id, later.vault_key_id),
            )
        }
        assert post(self.client, f"{self.path}slot/", slots).status_code == 200

        self.row.refresh_from_db()
        assert self.row.slot.vault_key_id == later.vault_key_id
        assert keyslots.linked_keys(self.alice.id) == {first.id}

    def test_refuses_a_slot_that_is_none(self) -> None:
        for nonsense in (None, {}, {"v": 1, "kind": "passkey"}):
            response = post(self.client, f"{self.path}slot/", {"slot": nonsense})
            assert response.status_code == 400

    def test_asks_twice_about_the_last_one_and_takes_its_slot_along(self) -> None:
        self.add_slot()
        self.assertContains(self.client.get(f"{self.path}remove/"), "last second factor")

        self.client.post(f"{self.path}remove/")

        assert not Passkey.objects.exists()
        assert not KeySlot.objects.filter(kind="passkey").exists()
        assert Tombstone.objects.filter(kind="passkey", object_id=str(self.row.pk)).exists()

    @override_settings(SECOND_FACTOR="all")
    def test_obeys_the_policy(self) -> None:
        self.client.post(f"{self.path}remove/")

        assert Passkey.objects.exists()

    def test_renames(self) -> None:
        self.client.post(f"{self.path}rename/", {"name": "Red key"})

        assert Passkey.objects.get().name == "Red key"

    def test_leaves_the_passkeys_of_others_alone(self) -> None:
        other = self.sign_in_as("bob", Client())

        for deed in ("rename", "remove", "slot"):
            assert post(other, f"{self.path}{deed}/").status_code == 404


class ParallelAnswerTests(base.TransactionTestCase):
    def test_lets_one_of_many_parallel_answers_through(self) -> None:
        session = SessionStore()
        session.save()
        challenge = WebAuthnChallenge.objects.create(
            purpose="sign-in",
            state={"challenge": "c"},
            expires_at=timezone.now() + timedelta(minutes=1),
        )
        session["webauthn sign-in"] = [str(challenge.id)]

        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(_pops, [session] * 20))

        assert taken.count(True) == 1


def _pops(session: SessionBase) -> bool:
    close_old_connections()
    request = RequestFactory().get("/")
    request.session = session
    try:
        relying_party.pop(request, "sign-in", "c", user=None, at=timezone.now())
    except relying_party.ChallengeGone:
        return False
    finally:
        connection.close()
    return True
