"""Every address, and every kind of refusal, carries the headers that docs/security.md promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.cookies import Morsel
from typing import Any
from unittest import mock
from uuid import uuid4

from django.conf import settings
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import reverse

from accounts.tests.test_access_matrix import addresses
from backups import maintenance
from core import throttle
from tests import base

# What holds nothing of anybody, and may be kept by a browser.
KEPT = {"vault:icon", "offline", "service-worker", "manifest", "admin:jsi18n"}
WANTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
FIXED = {"app_label": "accounts", "slug": "github", "content_type_id": 1}
OF_HTTPS = (
    "IS_HTTPS",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
)


def settings_under_https() -> dict[str, Any]:
    """What the settings file says when SITE_URL begins with https, read by a Python of its own."""
    program = (
        "import json\nfrom authnode import settings\n"
        f"print(json.dumps({{name: getattr(settings, name) for name in {OF_HTTPS!r}}}))"
    )
    environment = {**os.environ, "SITE_URL": "https://codes.example.com"}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def directives(response: Any) -> dict[str, list[str]]:
    policy = response.headers["Content-Security-Policy"]
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: values for name, *values in parts}


def path_of(name: str, parts: list[str]) -> str:
    return reverse(name, kwargs={part: FIXED.get(part, uuid4()) for part in parts})


class HeadersTestCase(base.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        changes = override_settings(**settings_under_https())
        changes.enable()
        cls.addClassCleanup(changes.disable)

    def ask(self, client: Client, method: str, path: str, **extra: Any) -> Any:
        return client.generic(method, path, secure=True, **extra)

    def assert_headers(self, response: Any, what: str, *, may_be_kept: bool = False) -> None:
        for header, value in WANTED.items():
            assert response.headers.get(header) == value, (what, header, response.headers)
        assert "camera=(self)" in response.headers["Permissions-Policy"], what
        assert "geolocation=()" in response.headers["Permissions-Policy"], what
        assert may_be_kept or "no-store" in response.headers["Cache-Control"], what
        others = [name for name in response.headers if name.startswith("Access-Control")]
        assert others == [], what
        assert "X-Powered-By" not in response.headers, what
        self.assert_policy(response, what)
        self.assert_content_type(response, what)
        for cookie in response.cookies.values():
            self.assert_cookie(cookie, what)

    def assert_policy(self, response: Any, what: str) -> None:
        found = directives(response)
        assert found["default-src"] == ["'none'"], what
        assert found["frame-ancestors"] == ["'none'"], what
        assert "unsafe" not in response.headers["Content-Security-Policy"], what
        assert not {"object-src", "frame-src", "child-src"} & found.keys(), what
        if response.headers.get("Content-Type", "").startswith("text/html"):
            assert found["base-uri"] == ["'none'"], what
            assert found["form-action"] == ["'self'"], what
            for one in ("script-src", "style-src", "connect-src", "worker-src", "font-src"):
                assert found[one] == ["'self'"], (what, one)
            assert found["img-src"] == ["'self'", "data:", "blob:"], what

    def assert_content_type(self, response: Any, what: str) -> None:
        kind = response.headers.get("Content-Type", "")
        has_body = not response.streaming and response.content
        assert kind or not has_body, what
        if kind.startswith("text/"):
            assert "charset=utf-8" in kind.replace('"', ""), (what, kind)

    def assert_cookie(self, cookie: Morsel[str], what: str) -> None:
        assert cookie.key.startswith("__Host-"), (what, cookie.key)
        assert cookie["secure"], (what, cookie.key)
        assert cookie["httponly"], (what, cookie.key)
        assert cookie["path"] == "/", (what, cookie.key)
        assert not cookie["domain"], (what, cookie.key)
        assert cookie["samesite"] in {"Lax", "Strict"}, (what, cookie.key)


class EveryAddressTests(HeadersTestCase):
    def test_answers_operators_with_every_header(self) -> None:
        self.sign_in_securely("charlie")
        seen = set()
        for name, parts in addresses():
            response = self.ask(self.client, "GET", path_of(name, parts))
            self.assert_headers(response, name, may_be_kept=name in KEPT)
            seen.add(response.status_code)

        assert {200, 302, 404, 405} <= seen

    def test_answers_strangers_with_every_header(self) -> None:
        for name, parts in addresses():
            response = self.ask(Client(), "POST", path_of(name, parts))
            self.assert_headers(response, name)

    def test_answers_no_trace(self) -> None:
        for name, parts in addresses():
            response = self.ask(Client(), "TRACE", path_of(name, parts))
            self.assert_headers(response, name)
            assert response.status_code != 200, name

    def test_gives_a_session_nothing_but_prefixed_cookies(self) -> None:
        response = self.sign_in_securely("alice")

        assert {"__Host-session", "__Host-browser"} <= set(response.cookies)
        assert response.cookies["__Host-session"]["samesite"] == "Lax"
        page = self.ask(Client(), "GET", "/sign-in/")
        assert page.cookies["__Host-csrf"]["samesite"] == "Strict"

    def sign_in_securely(self, name: str) -> Any:
        form = {"email": f"{name}@example.com", "auth_secret": base.posted_secret(name)}
        response = self.client.post("/sign-in/", form, secure=True)
        assert response.status_code == 302
        self.assert_headers(response, "sign-in")
        if name == "charlie":
            base.show_factor(self.client)
        return response


class EveryRefusalTests(HeadersTestCase):
    def refused(self, status: int, method: str, path: str, **extra: Any) -> Any:
        client = extra.pop("client", self.client)
        response = self.ask(client, method, path, **extra)
        assert response.status_code == status, response.status_code
        self.assert_headers(response, f"{status} {path}")
        return response

    def test_400_for_a_foreign_host(self) -> None:
        with self.settings(ALLOWED_HOSTS=["codes.example.com"]):
            self.refused(400, "GET", "/sign-in/", headers={"host": "evil.example.com"})

    def test_400_for_too_large_a_form(self) -> None:
        self.refused(
            400,
            "POST",
            "/sign-in/",
            data="email=" + "x" * 7_000_000,
            content_type="application/x-www-form-urlencoded",
        )

    def test_401_for_what_a_page_asks_by_itself(self) -> None:
        self.refused(401, "GET", "/codes/", headers={"x-background": "1"})

    def test_403_for_a_form_from_elsewhere(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        self.refused(403, "POST", "/sign-in/", client=strict)

    def test_404_for_what_is_not_there(self) -> None:
        self.refused(404, "GET", "/nowhere/")
        self.refused(404, "GET", "/static/nowhere.css")

    def test_405_for_what_an_address_does_not_do(self) -> None:
        self.refused(405, "POST", "/help/")

    def test_422_for_a_form_with_mistakes(self) -> None:
        form = {"email": "alice@example.com", "auth_secret": base.posted_secret("alice")}
        self.client.post("/sign-in/", form, secure=True)
        self.refused(422, "GET", "/exports/new/?format=nonsense&what=all")

    def test_429_for_too_many(self) -> None:
        error = throttle.TooManyRequests(30)
        with mock.patch("authnode.help_pages.render", side_effect=error):
            response = self.refused(429, "GET", "/help/")
        assert response.headers["Retry-After"] == "30"

    def test_500_for_a_fault_and_tells_nothing_of_it(self) -> None:
        client = Client(raise_request_exception=False)
        error = RuntimeError("the-inner-words")
        with mock.patch("authnode.help_pages.render", side_effect=error):
            response = self.refused(500, "GET", "/help/", client=client)
        assert b"the-inner-words" not in response.content
        assert b"Traceback" not in response.content

    def test_503_when_the_database_refuses(self) -> None:
        error = OperationalError("disk full")
        with mock.patch("authnode.help_pages.render", side_effect=error):
            self.refused(503, "GET", "/help/")

    def test_503_while_a_backup_is_restored(self) -> None:
        maintenance.begin()
        self.addCleanup(maintenance.end)
        self.refused(503, "GET", "/sign-in/")
        self.refused(503, "GET", "/codes/", headers={"x-background": "1"})


# Straight from their folders, as nothing is collected for tests.
@override_settings(WHITENOISE_USE_FINDERS=True)
class StaticFileTests(HeadersTestCase):
    def test_says_what_may_be_done_with_it(self) -> None:
        for path in ("css/base.css", "js/pages/base.js", "icons/sprite.svg", "favicon.svg"):
            response = self.ask(self.client, "GET", f"/static/{path}")
            assert response.status_code == 200, path
            b"".join(response.streaming_content)  # closes the file
            for header in WANTED.keys() - {"X-Frame-Options"}:
                assert response.headers.get(header) == WANTED[header], (path, header)
            assert directives(response) == {
                "default-src": ["'none'"],
                "frame-ancestors": ["'none'"],
            }, path
            assert response.cookies == {}, path
