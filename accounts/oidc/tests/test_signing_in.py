from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import close_old_connections, connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import OidcIdentity, OidcRequest, User
from accounts.oidc import fetching
from accounts.oidc import provider as providers
from accounts.oidc.tests import site
from accounts.totp.tests.test_totp import enrol
from audit.models import AuditEvent
from tests import base


class SignInTests(site.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.link(self.alice)

    def test_signs_the_linked_user_in(self) -> None:
        response = self.come_back(next="/trash/")

        assert response.headers["Location"] == "/trash/"
        assert self.client.session["_auth_user_id"] == str(self.alice.pk)
        assert self.amr() == ["oidc"]
        assert OidcIdentity.objects.get().last_used_at is not None
        assert not OidcRequest.objects.exists()

    def test_asks_with_pkce_state_and_nonce(self) -> None:
        words = site.words_of(self.leave())

        row = OidcRequest.objects.get()
        assert words["code_challenge_method"] == "S256"
        assert words["redirect_uri"] == "http://localhost:8000/sign-in/oidc/callback/"
        assert words["nonce"] == row.nonce
        assert words["state"] not in (row.state_hash, row.nonce)
        assert row.sealed_verifier.startswith("k1:")
        assert "max_age" not in words

    def test_changes_the_session_key(self) -> None:
        back = self.visit(self.leave())
        before = self.client.cookies["session"].value

        self.client.get(back)

        assert self.client.cookies["session"].value != before

    def test_takes_every_algorithm_of_the_list(self) -> None:
        for number, algorithm in enumerate(("RS256", "PS256", "ES256", "EdDSA")):
            self.client = Client()
            self.provider.change_keys(algorithm, f"key {number}")
            assert self.come_back().status_code == 302, algorithm

    def test_looks_for_a_new_key_once(self) -> None:
        self.come_back()
        self.client = Client()
        self.provider.change_keys("ES256", "k2")

        assert self.come_back().status_code == 302
        assert self.provider.requests.count("/keys") == 2
        assert self.provider.requests.count("/.well-known/openid-configuration") == 1

    def test_still_asks_for_the_second_factor_of_this_site(self) -> None:
        enrol(self.alice)

        response = self.come_back()

        assert response.headers["Location"] == "/sign-in/code/"
        assert "_auth_user_id" not in self.client.session

    @override_settings(OIDC_TRUSTED_AMR=["mfa", "gold"])
    def test_trusts_the_factor_of_a_provider_when_told_to(self) -> None:
        enrol(self.alice)
        for claims in ({"amr": ["pwd", "mfa"]}, {"acr": "gold"}):
            self.client = Client()
            self.provider.claims = claims
            assert self.come_back().headers["Location"] == "/"
            assert self.amr() == ["oidc", "mfa"]
            assert self.client.session["has_factor"]

    @override_settings(OIDC_TRUSTED_AMR=["mfa"])
    def test_trusts_no_other_word(self) -> None:
        enrol(self.alice)
        for amr in (["pwd"], "mfa2", [["mfa"]], {"mfa": 1}):
            self.client = Client()
            self.provider.claims = {"amr": amr}
            assert self.come_back().headers["Location"] == "/sign-in/code/"

    def test_lets_a_user_without_password_go_straight_on(self) -> None:
        user = User(email="dora@example.com")
        user.set_unusable_password()
        user.save()
        self.link(user, "dora")
        self.provider.subject = "dora"

        assert self.come_back().headers["Location"] == "/"

    def test_refuses_a_user_who_is_switched_off(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(is_active=False)

        self.assert_refused(self.come_back(), "account closed")

    def test_is_not_there_without_a_provider(self) -> None:
        with override_settings(OIDC_ISSUER=""):
            assert self.client.post("/sign-in/oidc/").status_code == 404
            assert self.client.get("/sign-in/oidc/callback/").status_code == 404
            assert "Example Login" not in self.client.get("/sign-in/").content.decode()
        assert "Sign in with Example Login" in self.client.get("/sign-in/").content.decode()


class TokenTests(site.TestCase):
    """Each lie of a token is refused, and the session stays anonymous."""

    def setUp(self) -> None:
        super().setUp()
        self.link(self.alice)

    def assert_each_refused(self, lies: list[dict[str, Any]]) -> None:
        for claims in lies:
            self.provider.claims = claims
            self.assert_refused(self.come_back(), "token not valid")
            assert "_auth_user_id" not in self.client.session

    def test_refuses_another_issuer_audience_or_party(self) -> None:
        self.assert_each_refused(
            [
                {"iss": "https://elsewhere.example"},
                {"iss": f"{self.provider.issuer}/"},
                {"iss": None},
                {"aud": "another"},
                {"aud": None},
                {"aud": {"authnode": 1}},
                {"aud": ["authnode", "another"]},
                {"aud": ["authnode", "another"], "azp": "another"},
                {"azp": "another"},
            ]
        )

    def test_takes_several_audiences_when_the_party_is_us(self) -> None:
        self.provider.claims = {"aud": ["authnode", "another"], "azp": "authnode"}

        assert self.come_back().status_code == 302

    def test_refuses_another_time(self) -> None:
        now = int(time.time())
        self.assert_each_refused(
            [
                {"exp": now - 90},
                {"exp": None},
                {"exp": "tomorrow"},
                {"exp": True},
                {"exp": float("inf")},
                {"exp": float("nan")},
                {"iat": now + 90},
                {"iat": now - 90},
                {"iat": None},
            ]
        )

    def test_forgives_a_clock_a_minute_off(self) -> None:
        now = int(time.time())
        for claims in ({"exp": now - 40}, {"iat": now + 40}, {"iat": now - 40}):
            self.client = Client()
            self.provider.claims = claims
            assert self.come_back().status_code == 302

    def test_refuses_another_nonce_or_subject(self) -> None:
        self.assert_each_refused(
            [
                {"nonce": "another"},
                {"nonce": None},
                {"nonce": ["x"]},
                {"nonce": "é"},
                {"sub": None},
                {"sub": ""},
                {"sub": 7},
                {"sub": "x" * 256},
                {"sub": "a\0b"},
            ]
        )

    def test_refuses_another_signature(self) -> None:
        for fault in ("other key", "no signature", "shared secret"):
            self.provider.faults = {fault}
            self.assert_refused(self.come_back(), "token not valid")

    def test_refuses_an_unknown_key(self) -> None:
        self.provider.published[0]["kid"] = "another"
        self.assert_refused(self.come_back(), "token not valid")
        assert self.provider.requests.count("/keys") == 2

    def test_refuses_keys_that_are_no_keys(self) -> None:
        for change in ({"use": "enc"}, {"n": "AQAB"}, {"n": "!"}, {"kty": "oct", "k": "AAAA"}):
            key = {**self.provider.published[0], **change}
            with patch.object(self.provider, "published", [key]):
                providers.kept.forget()
                self.assert_refused(self.come_back(), "token not valid")


class StateTests(site.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.link(self.alice)

    def test_refuses_a_replayed_answer(self) -> None:
        back = self.visit(self.leave())
        self.client.get(back)
        self.client.post("/sign-out/")

        self.assert_refused(self.client.get(back), "state not valid")

    def test_refuses_the_answer_of_another_browser(self) -> None:
        back = self.visit(self.leave())
        self.client = Client()
        self.assert_refused(self.client.get(back), "state not valid")
        self.leave()

        self.assert_refused(self.client.get(back), "state not valid")

    def test_refuses_an_answer_after_ten_minutes(self) -> None:
        back = self.visit(self.leave())
        OidcRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        self.assert_refused(self.client.get(back), "state not valid")

    def test_refuses_no_state_and_junk(self) -> None:
        self.leave()
        for query in ("", "?state=", "?state=x&code=y", "?state=%00", "?error=access_denied"):
            response = self.client.get(f"/sign-in/oidc/callback/{query}")
            self.assert_refused(response, "state not valid")

    def test_refuses_the_code_of_another_request(self) -> None:
        first, second = self.visit(self.leave()), self.visit(self.leave())
        mixed = second.split("code=")[0] + "code=" + first.split("code=")[1]

        self.assert_refused(self.client.get(mixed), "provider refused")

    def test_serves_two_windows(self) -> None:
        first, second = self.visit(self.leave()), self.visit(self.leave())

        assert self.client.get(first).status_code == 302
        assert self.client.get(second).status_code == 302

    def test_forgets_expired_requests(self) -> None:
        from accounts.tasks import forget_expired

        self.leave()
        OidcRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        forget_expired()

        assert not OidcRequest.objects.exists()


class ProviderTests(site.TestCase):
    """A provider that is down, slow or talks nonsense leads to a page with a way back."""

    def setUp(self) -> None:
        super().setUp()
        self.link(self.alice)

    def test_says_that_the_person_was_refused(self) -> None:
        self.provider.faults = {"deny"}

        self.assert_refused(self.come_back(), "provider refused")

    def test_refuses_a_discovery_that_is_none(self) -> None:
        for fault, reason in {
            "down": "provider away",
            "html": "provider nonsense",
            "list": "provider nonsense",
            "deep": "provider nonsense",
            "huge": "provider nonsense",
            "elsewhere": "provider nonsense",
        }.items():
            self.provider.faults = {f"discovery {fault}"}
            self.assert_refused(self.client.post("/sign-in/oidc/"), reason)

    def test_refuses_addresses_in_the_discovery(self) -> None:
        for change in (
            {"issuer": "https://elsewhere.example"},
            {"token_endpoint": "http://192.0.2.1/token"},
            {"token_endpoint": "file:///etc/passwd"},
            {"jwks_uri": None},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"authorization_endpoint": "https://a.example/\r\nX: y"},
        ):
            providers.kept.forget()
            self.provider.metadata = change
            self.assert_refused(self.client.post("/sign-in/oidc/"), "provider nonsense")

    def test_refuses_what_the_other_pages_answer(self) -> None:
        for page in ("token", "keys"):
            for fault, reason in {
                "down": "provider away",
                "html": "provider nonsense",
                "huge": "provider nonsense",
                "elsewhere": "provider nonsense",
            }.items():
                providers.kept.forget()
                self.provider.faults = {f"{page} {fault}"}
                self.assert_refused(self.come_back(), reason)

    def test_waits_a_bounded_time_for_one_that_drips(self) -> None:
        for page in ("discovery", "token"):
            with override_settings(OIDC_SECONDS=0.5):
                providers.kept.forget()
                self.provider.faults = {f"{page} hangs"} - {"discovery hangs"}
                url = self.leave() if page == "token" else ""
                self.provider.faults = {f"{page} hangs"}
                began = time.monotonic()
                response = (
                    self.client.get(self.visit(url)) if url else self.client.post("/sign-in/oidc/")
                )
                self.assert_refused(response, "provider away")
                assert time.monotonic() - began < 3

    def test_says_that_nobody_answers(self) -> None:
        with override_settings(OIDC_ISSUER="http://127.0.0.1:9"):
            self.assert_refused(self.client.post("/sign-in/oidc/"), "provider away")

    def test_refuses_the_answer_of_another_issuer(self) -> None:
        back = self.visit(self.leave()) + "&iss=https%3A%2F%2Felsewhere.example"
        self.assert_refused(self.client.get(back), "provider nonsense")
        self.provider.metadata = {"authorization_response_iss_parameter_supported": True}
        providers.kept.forget()
        self.assert_refused(self.come_back(), "provider nonsense")

    def test_refuses_a_wrong_client_password(self) -> None:
        with override_settings(OIDC_CLIENT_SECRET="wrong"):
            self.assert_refused(self.come_back(), "provider refused")

    def test_speaks_https_or_with_this_machine(self) -> None:
        for url in ("https://a.example/x", "http://127.0.0.1:8/x", "http://[::1]/"):
            assert fetching.is_acceptable(url), url
        wrong = ["http://a.example", "https://", "https://u:p@a.example", "ftp://localhost", 7]
        for address in wrong:
            assert not fetching.is_acceptable(address), address


class ParallelTests(site.SiteMixin, base.TransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_provider()
        self.link(self.alice)

    def test_lets_one_of_many_parallel_answers_through(self) -> None:
        back = self.visit(self.leave())
        cookie = self.client.cookies["session"].value
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(_get, [(back, cookie)] * 20))

        assert sorted(statuses) == [302] + [400] * 19
        assert AuditEvent.objects.filter(event="session.started").count() == 1
        assert self.provider.requests.count("/token") == 1


def _get(answer: tuple[str, str]) -> int:
    close_old_connections()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = answer[1]
    try:
        return client.get(answer[0]).status_code
    finally:
        connection.close()
