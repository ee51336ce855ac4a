"""What may happen once happens once, however many ask at the same moment.

Each round sends its requests over real connections to a running server, from as many browsers and
networks as there are requests.
"""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import Client, LiveServerTestCase, RequestFactory, override_settings
from django.test.testcases import LiveServerThread
from django.utils import timezone

from accounts import factors, sign_up, signin
from accounts.models import SignUpToken, User
from accounts.passkeys import relying_party
from accounts.passkeys import services as passkey_services
from accounts.passkeys.tests import test_passkeys as passkeys
from accounts.reset import asking
from accounts.reset import services as reset
from accounts.reset.tests.links import DAY, form, pass_time, token_of_mail
from accounts.totp.tests.test_totp import code, enrol
from accounts.views.sign_up import TOKEN_KEY
from audit.models import AuditEvent
from keyslots import services as keyslots
from keyslots.models import KeySlot
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from tests import base
from tests.figures import rounds

pytestmark = pytest.mark.figures

CSRF = "c" * 32
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Answer:
    status: int
    location: str


class Server(ThreadedWSGIServer):
    # So many connections wait to be accepted; the development server turns the eleventh away.
    request_queue_size = 128


class ServerThread(LiveServerThread):
    server_class = Server


class Browser:
    """A browser with a session, on a network of its own."""

    def __init__(self, number: int) -> None:
        self.address = f"198.51.100.{number + 1}"
        self.request = RequestFactory().get("/", REMOTE_ADDR=self.address)
        self.request.session = SessionStore()

    def post(self, server: str, path: str, content: Mapping[str, Any], kind: str) -> Answer:
        place = urlsplit(server)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        headers = {
            "Content-Type": kind,
            "Cookie": f"session={self.request.session.session_key}; csrf={CSRF}",
            "X-CSRFToken": CSRF,
            "X-Forwarded-For": self.address,
        }
        try:
            body = urlencode(content) if kind == FORM else json.dumps(content)
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read()
            return Answer(response.status, response.headers.get("Location", ""))
        finally:
            connection.close()


@override_settings(TRUSTED_PROXIES=["127.0.0.1", "::1"])
class RaceTests(base.PeopleMixin, LiveServerTestCase):
    databases = set(settings.DATABASES)
    many = rounds(10, 50)
    server_thread_class = ServerThread

    def setUp(self) -> None:
        cache.clear()
        self.make_people()
        # The ceilings would let a few through and hide whether the others could win.
        self.enterContext(mock.patch.object(factors, "PER_USER", 1_000))
        self.browsers = [Browser(number) for number in range(self.many)]

    def race(self, path: str, contents: list[dict[str, Any]], kind: str = FORM) -> list[Answer]:
        gate = threading.Barrier(self.many)

        def post(number: int) -> Answer:
            gate.wait()
            browser = self.browsers[number]
            return browser.post(self.live_server_url, path, contents[number], kind)

        with ThreadPoolExecutor(self.many) as pool:
            return list(pool.map(post, range(self.many)))

    def say(self, what: str, answers: list[Answer], won: int) -> None:
        print(f"\n{what}: {won} of {len(answers)} parallel requests")
        assert won == 1
        assert not [answer for answer in answers if answer.status >= 500]

    def test_one_code_starts_one_session(self) -> None:
        enrol(self.alice)
        for browser in self.browsers:
            signin.begin(
                browser.request, self.alice, amr="pwd", next_url="/activity/", at=timezone.now()
            )
            browser.request.session.save()

        answers = self.race("/sign-in/code/", [{"code": code(timezone.now())}] * self.many)

        won = sum(answer.location == "/activity/" for answer in answers)
        self.say("one TOTP code starts a session", answers, won)
        assert SessionActivity.objects.filter(user=self.alice, ended_at=None).count() == 1

    def test_one_assertion_starts_one_session(self) -> None:
        client = Client()
        base.sign_in(client, "alice")
        authenticator = passkeys.enrol(client)
        before = SessionActivity.objects.filter(user=self.alice).count()
        # One browser, as the challenge is bound to it; its copies come from many networks.
        asked = passkey_services.request_options(
            self.browsers[0].request, relying_party.SIGN_IN, user=None, at=timezone.now()
        )
        self.browsers[0].request.session.save()
        for browser in self.browsers:
            browser.request.session = self.browsers[0].request.session
        answer = {"credential": authenticator.get(json.loads(json.dumps(asked)))}

        answers = self.race("/sign-in/passkey/answer/", [answer] * self.many, JSON)

        won = sum(answer.status == 200 for answer in answers)
        self.say("one passkey assertion starts a session", answers, won)
        assert SessionActivity.objects.filter(user=self.alice).count() == before + 1

    def test_one_reset_link_sets_one_password(self) -> None:
        asking.issue(self.alice, where={"address": "", "browser": ""}, at=timezone.now())
        pass_time(self.alice, DAY)
        token = token_of_mail(self.alice.email)
        for browser in self.browsers:
            reset.open_link(browser.request, token, at=timezone.now())
            browser.request.session.save()

        forms = [form(self.alice, f"new {number}") for number in range(self.many)]
        answers = self.race("/reset/password/", forms)

        won = sum(answer.location == "/sign-in/" for answer in answers)
        self.say("one reset link sets a password", answers, won)
        alice = User.objects.get(pk=self.alice.pk)
        assert alice.credentials_version == self.alice.credentials_version + 1
        assert keyslots.opens_with(alice.pk, salt=alice.salt)
        assert AuditEvent.objects.filter(event="account.password_reset").count() == 1

    def test_one_invitation_makes_one_user(self) -> None:
        link = sign_up.invite(email="dora@example.com", invited_by=None, at=timezone.now())
        token = sign_up.find(link.partition("#")[2], at=timezone.now())
        for browser in self.browsers:
            browser.request.session[TOKEN_KEY] = str(token.id)
            browser.request.session.save()

        answers = self.race("/sign-up/account/", [_new_account(token) for _ in self.browsers])

        won = sum(answer.location == "/" for answer in answers)
        self.say("one invitation makes an account", answers, won)
        assert User.objects.filter(email="dora@example.com").count() == 1
        assert KeySlot.objects.filter(user_id=token.user_id).count() == 1

    def test_one_password_is_changed_once(self) -> None:
        for browser in self.browsers:
            login(browser.request, self.alice, backend=signin.BACKEND)
            browser.request.session.save()
        version = self.alice.credentials_version

        path = "/settings/security/password/"
        answers = self.race(path, [_new_password(self.alice, n) for n in range(self.many)])

        won = sum(answer.location == "/settings/" for answer in answers)
        self.say("one password is changed", answers, won)
        alice = User.objects.get(pk=self.alice.pk)
        assert alice.credentials_version == version + 1
        assert keyslots.opens_with(alice.pk, salt=alice.salt)
        assert AuditEvent.objects.filter(event="account.password_changed").count() == 1


def _new_account(token: SignUpToken) -> dict[str, str]:
    slot = base.slot_for("dora", token.user_id, slot_id=token.slot_id)
    return {
        "email": "dora@example.com",
        "display_name": "Dora",
        "new_auth_secret": base.posted_secret("dora"),
        "password_slot": base.posted_slot(slot),
    }


def _new_password(user: User, number: int) -> dict[str, str]:
    old: Any = keyslots.password_slot(user.pk)
    name = f"new {number}"
    slot = base.slot_for(name, user.pk, vault_key_id=old.vault_key_id, slot_id=uuid.uuid4())
    return {
        "auth_secret": base.posted_secret("alice"),
        "new_auth_secret": base.posted_secret(name),
        "password_slot": base.posted_slot(slot),
    }
