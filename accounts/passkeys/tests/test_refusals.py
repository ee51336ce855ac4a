"""What is not accepted, how it is told, and that nothing of it is kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connection
from django.test import Client
from django.utils import timezone

from accounts.models import Passkey, WebAuthnChallenge
from accounts.passkeys import services as passkeys
from accounts.passkeys.tests.soft_authenticator import SoftAuthenticator
from accounts.passkeys.tests.test_passkeys import SETTINGS, enrol, post, use
from audit.models import AuditEvent
from keyslots.crypto import encode_base64url
from sessions_lock.models import SessionActivity
from tests import base

JSON = "application/json"
DEEP = b'{"credential":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
ANSWERS = (
    "/sign-in/passkey/answer/",
    "/sign-in/passkey/factor/answer/",
    "/confirm/passkey/answer/",
    f"{SETTINGS}add/answer/",
)


class BodyTests(base.TestCase):
    """Whoever calls, a body that no page sends is refused with a sentence."""

    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        enrol(self.client)
        self.pending = Client()
        base.sign_in(self.pending, "alice")

    def clients(self) -> list[tuple[Client, str]]:
        signed_out = self.pending
        return [(signed_out if "sign-in" in path else self.client, path) for path in ANSWERS]

    def test_refuses_a_body_that_is_nested_without_end(self) -> None:
        for client, path in self.clients():
            response = client.post(path, DEEP, content_type=JSON)
            assert response.status_code == 400, path
            assert response.json()["error"]

    def test_refuses_a_prf_result_anywhere_in_the_body(self) -> None:
        for client, path in self.clients():
            body = {"credential": {}, "further": [{"prf": {"results": {"first": "c2VjcmV0"}}}]}
            response = post(client, path, body)
            assert response.status_code == 400, path
            assert "must stay in the browser" in response.json()["error"], path
        assert AuditEvent.objects.filter(event="factor.prf_result_refused").count() == len(ANSWERS)

    def test_refuses_the_older_form_of_a_prf_result_too(self) -> None:
        body = {"credential": {"clientExtensionResults": {"hmacGetSecret": {"output1": "c2Vj"}}}}

        assert "must stay" in post(self.client, ANSWERS[3], body).json()["error"]

    def test_survives_an_answer_damaged_anywhere(self) -> None:
        good = SoftAuthenticator().create(post(self.client, f"{SETTINGS}add/options/").json())
        for name, text in good["response"].items():
            cases: list[Any] = [None, 7, [], {}, "", "é", "AAAA", str(text)[:-9], str(text)[5:]]
            for damaged in cases:
                if name == "transports":
                    continue
                self.client.post(f"{SETTINGS}add/options/", {}, content_type=JSON)
                answer = {**good, "response": {**good["response"], name: damaged}}
                response = post(self.client, f"{SETTINGS}add/answer/", {"credential": answer})
                assert response.status_code == 400
        assert Passkey.objects.count() == 1


class EnrolmentRefusalTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def answer(self, authenticator: SoftAuthenticator) -> Any:
        options = post(self.client, f"{SETTINGS}add/options/").json()
        return post(
            self.client, f"{SETTINGS}add/answer/", {"credential": authenticator.create(options)}
        )

    def test_keeps_how_the_key_is_reached_and_passes_it_on(self) -> None:
        enrol(self.client, SoftAuthenticator(transports=("usb", "nfc", "telepathy")))

        assert Passkey.objects.get().transports == ["nfc", "usb"]
        asked = post(self.client, "/confirm/passkey/options/").json()["publicKey"]
        assert asked["allowCredentials"][0]["transports"] == ["nfc", "usb"]

    def test_refuses_an_id_longer_than_the_standard_allows(self) -> None:
        assert self.answer(SoftAuthenticator(credential_id=b"i" * 1024)).status_code == 400
        assert not Passkey.objects.exists()

    def test_refuses_a_page_inside_another_site(self) -> None:
        assert self.answer(SoftAuthenticator(is_framed=True)).status_code == 400

    def test_refuses_a_passkey_that_somebody_else_has(self) -> None:
        theirs = enrol(self.sign_in_as("bob", Client()))

        assert self.answer(theirs).status_code == 400
        assert not self.alice.passkeys.exists()

    def test_stops_at_twenty(self) -> None:
        for number in range(passkeys.MOST_PASSKEYS):
            key = {
                "credential_id": f"key {number}",
                "public_key": b"",
                "created_at": timezone.now(),
            }
            Passkey.objects.create(user=self.alice, name="Key", **key)

        response = post(self.client, f"{SETTINGS}add/options/")

        assert response.status_code == 400
        assert "twenty" in response.json()["error"]

    def test_records_what_was_refused(self) -> None:
        self.answer(SoftAuthenticator(origin="https://evil.example"))

        assert AuditEvent.objects.filter(event="factor.refused", user=self.alice.id).exists()


class SignInRefusalTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.authenticator = enrol(self.client)
        self.client = Client()

    def test_tells_the_owner_of_a_known_passkey_in_the_log(self) -> None:
        self.authenticator.origin = "https://evil.example"
        use(self.client, self.authenticator, "/sign-in/passkey/")

        refused = AuditEvent.objects.filter(event="session.start_refused", user=self.alice.id)
        assert refused.count() == 1

    def test_refuses_a_page_inside_another_site(self) -> None:
        self.authenticator.is_framed = True

        assert use(self.client, self.authenticator, "/sign-in/passkey/").status_code == 400

    def test_needs_to_be_told_whose_passkey_it_is(self) -> None:
        self.authenticator.handle = b""

        assert use(self.client, self.authenticator, "/sign-in/passkey/").status_code == 400

    def test_refuses_a_wrong_signature(self) -> None:
        options = post(self.client, "/sign-in/passkey/options/").json()
        credential = self.authenticator.get(options)
        credential["response"]["signature"] = encode_base64url(b"0" * 70)

        response = post(self.client, "/sign-in/passkey/answer/", {"credential": credential})

        assert response.status_code == 400
        assert "_auth_user_id" not in self.client.session

    def test_lets_two_tabs_ask_at_the_same_time(self) -> None:
        first = post(self.client, "/sign-in/passkey/options/").json()
        post(self.client, "/sign-in/passkey/options/")

        body = {"credential": self.authenticator.get(first)}

        assert post(self.client, "/sign-in/passkey/answer/", body).status_code == 200

    def test_does_not_lock_the_owner_out_for_a_replay(self) -> None:
        base.sign_in(self.client, "alice")
        for _ in range(12):
            post(self.client, "/sign-in/passkey/factor/answer/", {"credential": {}})

        assert base.sign_in(Client(), "alice").status_code == 302


class ParallelSignInTests(base.TransactionTestCase):
    def test_signs_in_once_with_one_assertion(self) -> None:
        base.sign_in(self.client, "alice")
        authenticator = enrol(self.client)
        client = Client()
        options = post(client, "/sign-in/passkey/options/").json()
        body = json.dumps({"credential": authenticator.get(options)})
        cookie = client.cookies["session"].value
        sessions = SessionActivity.objects.filter(user=self.alice)
        before = sessions.count()

        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(_answer, [(cookie, body)] * 20))

        assert sorted(statuses) == [200] + [400] * 19
        assert sessions.count() == before + 1
        assert not WebAuthnChallenge.objects.exists()


def _answer(posted: tuple[str, str]) -> int:
    close_old_connections()
    client, (cookie, body) = Client(), posted
    client.cookies["session"] = cookie
    try:
        return client.post("/sign-in/passkey/answer/", body, content_type=JSON).status_code
    finally:
        connection.close()
