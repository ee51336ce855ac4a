"""Who comes in: linking, new accounts, operators, confirm-it's-you, passwords switched off."""

from __future__ import annotations

import time
from typing import Any

from django.core import mail
from django.test import Client, override_settings

from accounts.checks import single_sign_on_is_complete
from accounts.models import OidcIdentity, User
from accounts.oidc import identities
from accounts.oidc import provider as providers
from accounts.oidc.tests import site
from accounts.passkeys.tests.soft_authenticator import SoftAuthenticator
from accounts.passkeys.tests.test_passkeys import enrol as enrol_passkey
from accounts.passkeys.tests.test_passkeys import post, use
from accounts.reset.tests.links import form, issue, open_link
from accounts.tests.test_account import age_the_proof
from accounts.totp.tests.test_totp import enrol
from audit.models import AuditEvent
from tests import base

LINK, UNLINK = "/settings/security/oidc/link/", "/settings/security/oidc/unlink/"


class UnknownPersonTests(site.TestCase):
    def test_makes_no_account_by_default(self) -> None:
        self.provider.claims = {"email": "new@example.com", "email_verified": True}

        self.assert_refused(self.come_back(), "not linked")
        assert not OidcIdentity.objects.exists()

    @override_settings(OIDC_CREATES_USERS=True)
    def test_makes_an_account_when_told_to(self) -> None:
        self.provider.claims = {
            "email": "New@Example.com",
            "email_verified": True,
            "name": "Nora New",
        }

        assert self.come_back().headers["Location"] == "/"

        user = User.objects.get(email="new@example.com")
        assert (user.display_name, user.is_staff, user.kdf_salt) == ("Nora New", False, "")
        assert not user.has_usable_password()
        assert OidcIdentity.objects.get().user == user
        for page in ("/", "/settings/", "/settings/security/"):
            assert self.client.get(page).status_code == 200
        assert "Change the password" not in self.client.get(page).content.decode()

    @override_settings(OIDC_CREATES_USERS=True)
    def test_never_links_by_the_address(self) -> None:
        for address in ("alice@example.com", "ALICE@example.com", " alice@EXAMPLE.com"):
            self.provider.claims = {"email": address, "email_verified": True}
            self.assert_refused(self.come_back(), "address taken")
        assert not OidcIdentity.objects.exists()

    @override_settings(OIDC_CREATES_USERS=True)
    def test_takes_verified_addresses_only(self) -> None:
        for claims in (
            {"email": "new@example.com"},
            {"email": "new@example.com", "email_verified": False},
            {"email": "new@example.com", "email_verified": "true"},
            {"email": "not an address", "email_verified": True},
            {"email": ["new@example.com"], "email_verified": True},
            {"email_verified": True},
        ):
            self.provider.claims = claims
            self.assert_refused(self.come_back(), "address not verified")


class LinkTests(site.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def test_links_the_signed_in_user(self) -> None:
        mail.outbox.clear()

        assert self.come_back(LINK).headers["Location"] == "/settings/security/"

        identity = OidcIdentity.objects.get()
        assert identity.user == self.alice
        assert identities.owner_of("subject-1") == self.alice
        assert AuditEvent.objects.filter(event="account.identity_linked").count() == 1
        self.client = Client()
        assert self.come_back().headers["Location"] == "/"

    def test_asks_to_confirm_first(self) -> None:
        age_the_proof(self.client)

        for path in (LINK, UNLINK):
            assert self.client.post(path).headers["Location"].startswith("/confirm/")

    def test_refuses_somebody_elses_identity_and_a_second_one(self) -> None:
        self.link(self.bob)
        self.assert_refused(
            self.come_back(LINK), "linked elsewhere", event="account.identity_refused"
        )
        self.link(self.alice, "subject-2")
        self.provider.subject = "subject-3"
        self.assert_refused(
            self.come_back(LINK), "linked elsewhere", event="account.identity_refused"
        )

    def test_links_nobody_else_who_signs_in_meanwhile(self) -> None:
        back = self.visit(self.leave(LINK))
        session = self.client.session
        self.sign_in_as("bob", other := Client())
        theirs = other.session
        theirs["oidc_binding"] = session["oidc_binding"]
        theirs.save()

        assert other.get(back).status_code == 400
        assert not OidcIdentity.objects.exists()

    def test_unlinks_and_ends_the_other_sessions(self) -> None:
        self.link(self.alice)
        self.sign_in_as("alice", other := Client())

        self.client.post(UNLINK)

        assert not OidcIdentity.objects.exists()
        assert other.get("/trash/").status_code == 302
        assert self.client.get("/trash/").status_code == 200

    def test_unlinks_only_the_own_link(self) -> None:
        self.link(self.bob)

        self.client.post(UNLINK)

        assert OidcIdentity.objects.filter(user=self.bob).exists()

    def test_keeps_the_only_way_in(self) -> None:
        self.link(self.alice)
        User.objects.filter(pk=self.alice.pk).update(password=_no_password(self.alice))

        assert "only way" in self.client.post(UNLINK, follow=True).content.decode()
        assert OidcIdentity.objects.exists()

    def test_shows_the_section(self) -> None:
        page = self.client.get("/settings/security/").content.decode()
        assert "Link with Example Login" in page
        self.link(self.alice)
        assert "Remove the link" in self.client.get("/settings/security/").content.decode()

    def test_is_closed_to_the_signed_out(self) -> None:
        for path in (LINK, UNLINK, "/confirm/oidc/"):
            assert Client().post(path).headers["Location"].startswith("/sign-in/")


@override_settings(OIDC_OPERATOR_GROUP="operators")
class GroupTests(site.TestCase):
    def come_as(self, user: User, groups: Any) -> User:
        OidcIdentity.objects.all().delete()
        self.link(user)
        self.provider.claims = {"groups": groups}
        self.client = Client()
        assert self.come_back().status_code == 302
        return User.objects.get(pk=user.pk)

    def test_makes_members_operators_and_others_not(self) -> None:
        for groups, is_operator in (
            (["operators", "x"], True),
            (["x"], False),
            ("operators", True),
            (None, False),
            ([["operators"]], False),
        ):
            user = self.come_as(self.alice, groups)
            assert (user.is_staff, user.is_superuser) == (is_operator, is_operator), groups

    def test_never_demotes_the_last_operator(self) -> None:
        with self.assertLogs("accounts.oidc.groups"):
            assert self.come_as(self.charlie, []).is_staff
        assert AuditEvent.objects.filter(event="account.operator_kept").count() == 1

        User.objects.filter(pk=self.bob.pk).update(is_staff=True, is_superuser=True)
        assert not self.come_as(self.charlie, []).is_staff

    @override_settings(OIDC_OPERATOR_GROUP="")
    def test_leaves_operators_alone_without_a_group(self) -> None:
        assert not self.come_as(self.alice, ["operators"]).is_staff
        assert self.come_as(self.charlie, []).is_staff


class ConfirmTests(site.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dora = User(email="dora@example.com")
        self.dora.set_unusable_password()
        self.dora.save()
        self.link(self.dora)
        self.come_back()
        age_the_proof(self.client)

    def test_is_led_to_and_asks_the_provider_anew(self) -> None:
        page = self.client.get("/confirm/?next=/trash/")
        assert page.headers["Location"] == "/confirm/oidc/?next=%2Ftrash%2F"
        assert self.client.get(page.headers["Location"]).status_code == 200
        before = self.client.session.session_key
        url = self.leave("/confirm/oidc/", next="/trash/")
        assert (site.words_of(url)["max_age"], site.words_of(url)["prompt"]) == ("0", "login")

        assert self.client.get(self.visit(url)).headers["Location"] == "/trash/"

        assert self.client.session.session_key != before
        assert self.client.session["proven_at"] > time.time() - 5
        assert AuditEvent.objects.latest("id").event == "confirm.passed"

    def test_refuses_an_old_or_missing_sign_in(self) -> None:
        now = time.time()
        for auth_time in (now - 301, now + 90, None, "now", True):
            self.provider.claims = {"auth_time": auth_time}
            response = self.come_back("/confirm/oidc/")
            self.assert_refused(response, "not fresh", event="confirm.refused")
            assert self.client.session["proven_at"] < now - 300

    def test_refuses_another_person(self) -> None:
        self.link(self.bob, "bob")
        for subject in ("bob", "nobody"):
            self.provider.subject = subject
            response = self.come_back("/confirm/oidc/")
            self.assert_refused(response, "other person", event="confirm.refused")

    def test_is_not_for_who_has_a_factor_or_a_password(self) -> None:
        enrol(self.dora)
        assert self.client.post("/confirm/oidc/").headers["Location"].startswith("/confirm/?")
        self.sign_in_as("alice", other := Client())
        self.link(self.alice, "alice")
        assert other.post("/confirm/oidc/").headers["Location"].startswith("/confirm/?")

    def test_refuses_when_a_factor_came_meanwhile(self) -> None:
        back = self.visit(self.leave("/confirm/oidc/"))
        enrol(self.dora)

        self.assert_refused(self.client.get(back), "not fresh", event="confirm.refused")


@override_settings(OIDC_ONLY=True)
class OnlyTests(site.TestCase):
    def form(self, name: str) -> dict[str, str]:
        return {"email": f"{name}@example.com", "auth_secret": base.posted_secret(name)}

    def test_hides_and_refuses_passwords(self) -> None:
        page = self.client.get("/sign-in/").content.decode()
        assert "id_password" not in page
        assert "Sign in with Example Login" in page
        assert "passkey" not in page
        assert "Forgot" not in page
        for name in ("alice", "charlie"):
            assert self.client.post("/sign-in/", self.form(name)).status_code == 422
        assert "_auth_user_id" not in self.client.session
        last = AuditEvent.objects.latest("id")
        assert (last.event, last.facts["reason"]) == (
            "session.start_refused",
            "single sign-on only",
        )

    def test_lets_an_operator_break_the_glass(self) -> None:
        assert "id_password" in self.client.get("/sign-in/?break-glass").content.decode()

        with self.assertLogs("accounts.oidc.policy"):
            response = self.client.post("/sign-in/?break-glass", self.form("charlie"))

        assert response.status_code == 302
        assert AuditEvent.objects.filter(event="session.break_glass").count() == 1

    def test_tells_others_nothing_about_their_password(self) -> None:
        answers = []
        for secret in (base.posted_secret("alice"), base.posted_secret("wrong")):
            form = {**self.form("alice"), "auth_secret": secret}
            answers.append(self.client.post("/sign-in/?break-glass", form))
        assert [answer.status_code for answer in answers] == [422, 422]
        assert all("do not belong together" in answer.content.decode() for answer in answers)

    def passkey_of(self, name: str) -> SoftAuthenticator:
        with override_settings(OIDC_ONLY=False):
            return enrol_passkey(self.sign_in_as(name, Client()))

    def test_lets_no_passkey_alone_in(self) -> None:
        key = self.passkey_of("alice")
        options = post(self.client, "/sign-in/passkey/options/")
        assert options.status_code == 400
        assert "sign-in service" in options.json()["error"]
        assert post(self.client, "/sign-in/passkey/answer/", {}).status_code == 400

        # The door for operators does not open for her either.
        asked = post(self.client, "/sign-in/passkey/options/?break-glass").json()
        body = {"credential": key.get(asked)}
        refused = post(self.client, "/sign-in/passkey/answer/?break-glass", body)

        assert refused.status_code == 400
        assert "_auth_user_id" not in self.client.session
        last = AuditEvent.objects.latest("id")
        assert (last.event, last.user, last.facts["reason"]) == (
            "session.start_refused",
            self.alice.pk,
            "single sign-on only",
        )

    def test_lets_an_operator_break_the_glass_with_a_passkey(self) -> None:
        key = self.passkey_of("charlie")
        page = self.client.get("/sign-in/?break-glass").content.decode()
        assert "/sign-in/passkey/answer/?break-glass" in page
        asked = post(self.client, "/sign-in/passkey/options/?break-glass").json()

        with self.assertLogs("accounts.oidc.policy"):
            answer = post(
                self.client,
                "/sign-in/passkey/answer/?break-glass",
                {"credential": key.get(asked)},
            )

        assert answer.status_code == 200
        assert self.amr() == ["passkey"]

    def test_takes_a_passkey_as_second_factor(self) -> None:
        key = self.passkey_of("alice")
        self.link(self.alice)
        assert self.come_back().headers["Location"] == "/sign-in/passkey/"

        assert use(self.client, key, "/sign-in/passkey/factor/").status_code == 200
        assert self.amr() == ["oidc", "passkey"]

    def test_resets_no_password_but_an_operators(self) -> None:
        self.assertContains(self.client.get("/reset/"), "reset there")
        email = {"email": "alice@example.com"}
        assert self.client.post("/reset/request/", email).status_code == 403
        assert "id_email" in self.client.get("/reset/?break-glass").content.decode()
        for name, mails in (("alice", 0), ("charlie", 1)):
            mail.outbox.clear()
            with self.captureOnCommitCallbacks(execute=True):
                answer = self.client.post(
                    "/reset/request/?break-glass", {"email": f"{name}@example.com"}
                )
            assert answer.status_code == 200
            assert len([one for one in mail.outbox if "/reset/#" in one.body]) == mails

    def test_refuses_a_link_that_was_mailed_before(self) -> None:
        with override_settings(OIDC_ONLY=False):
            token = issue(self.alice)
        assert open_link(self.client, token).status_code == 410
        with override_settings(OIDC_ONLY=False):
            open_link(self.client, token)
        assert self.client.post("/reset/password/", form(self.alice)).status_code == 410
        assert User.objects.get(pk=self.alice.pk).check_auth_secret(base.auth_secret_of("alice"))

    def test_keeps_the_link(self) -> None:
        self.link(self.alice)
        self.come_back()

        self.client.post(UNLINK)

        assert OidcIdentity.objects.exists()


class SubjectTests(site.TestCase):
    def test_is_not_readable_in_the_database(self) -> None:
        row = self.link(self.alice, "alice@provider.example")

        kept = OidcIdentity.objects.filter(pk=row.pk).values().get()
        assert "provider.example" not in str(kept)

    def test_leads_nobody_to_somebody_else(self) -> None:
        """Whoever can write to the database gives their own subject another user."""
        self.link(self.alice)
        OidcIdentity.objects.update(user=self.bob)

        self.assert_refused(self.come_back(), "link damaged")
        assert "_auth_user_id" not in self.client.session

    def test_does_not_open_with_another_subjects_seal(self) -> None:
        mine, other = self.link(self.bob, "subject-1"), self.link(self.alice, "subject-2")
        OidcIdentity.objects.filter(pk=mine.pk).update(
            user=self.alice, sealed_subject=other.sealed_subject
        )

        self.assert_refused(self.come_back(), "link damaged")


class SignOutTests(site.TestCase):
    def leave_the_site(self) -> Any:
        self.link(self.alice)
        self.come_back()
        return self.client.post("/sign-out/")

    def offer(self) -> None:
        self.provider.metadata = {"end_session_endpoint": f"{self.provider.issuer}/end?x=1"}

    def test_says_that_the_provider_may_still_know_the_person(self) -> None:
        self.offer()
        assert self.leave_the_site().status_code == 302

        self.assertContains(self.client.get("/sign-in/"), "still be signed in at Example Login")

    @override_settings(OIDC_SIGN_OUT=True)
    def test_signs_out_there_as_well(self) -> None:
        self.offer()
        response = self.leave_the_site()

        url = response.headers["Refresh"].removeprefix("0; url=")
        assert url.startswith(f"{self.provider.issuer}/end?x=1&")
        assert site.words_of(url)["client_id"] == "authnode"
        back = site.words_of(url)["post_logout_redirect_uri"]
        assert back == "http://localhost:8000/sign-in/"
        assert "id_token_hint" not in url
        assert response.headers["Clear-Site-Data"] == '"cache"'
        assert "_auth_user_id" not in self.client.session

    @override_settings(OIDC_SIGN_OUT=True)
    def test_is_signed_out_here_where_the_provider_offers_nothing_or_is_away(self) -> None:
        assert self.leave_the_site().status_code == 302
        assert "_auth_user_id" not in self.client.session
        self.come_back()
        providers.kept.forget()
        self.provider.faults = {"discovery down"}

        with self.assertLogs("accounts.oidc.leaving"):
            assert self.client.post("/sign-out/").status_code == 302
        assert "_auth_user_id" not in self.client.session

    @override_settings(OIDC_SIGN_OUT=True)
    def test_leaves_a_session_of_this_sites_own_alone(self) -> None:
        self.offer()
        self.sign_in_as("bob")
        assert self.client.post("/sign-out/").headers["Location"] == "/sign-in/"

    def test_refuses_an_address_that_is_none(self) -> None:
        for address in ("javascript:alert(1)", "http://elsewhere.example/end", 7):
            providers.kept.forget()
            self.provider.metadata = {"end_session_endpoint": address}
            self.assert_refused(self.client.post("/sign-in/oidc/"), "provider nonsense")


class CheckTests(base.TestCase):
    def test_names_what_is_missing(self) -> None:
        good = {"OIDC_ISSUER": "https://a.example", "OIDC_CLIENT_ID": "x", "OIDC_ONLY": True}
        for change, count in (
            ({}, 0),
            ({"OIDC_ISSUER": ""}, 1),
            ({"OIDC_ISSUER": "http://a.example"}, 1),
            ({"OIDC_ISSUER": "https://a.example?x"}, 1),
            ({"OIDC_CLIENT_ID": ""}, 1),
            ({"OIDC_SCOPES": ["email"]}, 1),
        ):
            with override_settings(**{**good, **change}):
                assert len(single_sign_on_is_complete()) == count, change


def _no_password(user: User) -> str:
    changed = User(id=user.id)
    changed.set_unusable_password()
    return str(changed.password)
