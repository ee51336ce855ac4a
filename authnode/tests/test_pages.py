"""What holds for every page of the site, found by walking the URLconf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client, SimpleTestCase
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter
from PIL import Image

from audit.models import AuditEvent
from tests import base

PUBLIC = {
    "accounts:sign-in",
    "accounts:sign-in-parameters",
    "accounts:oidc-start",
    "accounts:oidc-callback",
    "accounts:sign-out",
    "accounts:second-factor",
    "accounts:totp-present",
    "accounts:passkey-sign-in-options",
    "accounts:passkey-sign-in",
    "accounts:passkey-present",
    "accounts:passkey-reset",
    "accounts:passkey-reset-options",
    "accounts:passkey-reset-answer",
    "accounts:passkey-present-options",
    "accounts:passkey-present-answer",
    "accounts:sign-up",
    "accounts:sign-up-link",
    "accounts:sign-up-request",
    "accounts:sign-up-account",
    "accounts:reset",
    "accounts:reset-request",
    "accounts:reset-link",
    "accounts:reset-code",
    "accounts:reset-password",
    "recovery:present",
    "recovery:reset",
    "recovery:help",
    "anomalies:verify",
    "anomalies:mail",
    "anomalies:send-mail",
    "anomalies:hold",
    "anomalies:held",
    "anomalies:blocked",
    "anomalies:new-password",
    "accounts:address",
    "accounts:address-link",
    # Of the API: each asks for a token by itself, or starts a session.
    "api:openapi",
    "api:entries",
    "api:entry",
    "api:codes",
    "api:code",
    "api:token",
    "api:recover",
    "health-live",
    "health-ready",
    "metrics",
    "help",
    "help-adding",
    "help-codes",
    "help-second-factors",
    "help-notes",
    "help-moving",
    "help-sign-ins",
    "help-sessions",
    "help-keyboard",
    "manifest",
    "offline",
    "service-worker",
    "vault:icon",
}


def names(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named URL of ours with values for its parts."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names(pattern, prefix + inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            parts = pattern.pattern.converters
            values = {name: _value(converter) for name, converter in parts.items()}
            yield prefix + pattern.name, values


def _value(converter: Any) -> Any:
    if isinstance(converter, UUIDConverter):
        return uuid4()
    return 1 if isinstance(converter, IntConverter) else "x"


class EveryPageTests(base.TestCase):
    def test_is_closed_unless_it_is_listed_as_public(self) -> None:
        for name, values in names():
            if name in PUBLIC:
                continue
            for method in ("get", "post"):
                path = reverse(name, kwargs=values)
                # Without anything asked for, the front door shows the page of visitors.
                path += "?q=x" if name == "vault:list" else ""
                response = getattr(Client(), method)(path)
                if path.startswith("/api/"):
                    assert response.status_code in {401, 405, 415}, (name, response.status_code)
                    continue
                location = response.headers.get("Location", "")
                assert location.startswith("/sign-in/?next="), (name, response.status_code)

    def test_walks_many_pages(self) -> None:
        assert len({name for name, _ in names()}) > 40

    def test_is_never_stored(self) -> None:
        self.sign_in_as("alice")
        for path in ("/", "/codes/", "/settings/", "/activity/", "/trash/", "/nowhere/"):
            assert "no-store" in self.client.get(path).headers["Cache-Control"], path

    def test_asks_for_trusted_types_except_in_the_administration(self) -> None:
        self.sign_in_as("charlie")

        ours = self.client.get("/settings/").headers["Content-Security-Policy"]
        admins = self.client.get("/admin/").headers["Content-Security-Policy"]

        assert "require-trusted-types-for 'script'" in ours
        assert "trusted-types" not in admins
        assert "default-src 'none'" in admins

    def test_carries_no_script_or_style_of_its_own(self) -> None:
        self.sign_in_as("charlie")
        for path in (
            "/",
            "/settings/",
            "/settings/security/password/",
            "/entries/add/",
            "/notifications/",
        ):
            page = self.client.get(path).content.decode()
            assert " style=" not in page, path
            assert "<style" not in page, path
            assert " onclick=" not in page, path


class ErrorPageTests(base.TestCase):
    def test_says_calmly_that_nothing_is_there(self) -> None:
        self.assertContains(self.client.get("/nowhere/"), "<h1>", status_code=404)

    def test_refuses_a_form_from_elsewhere_and_records_it(self) -> None:
        strict = Client(enforce_csrf_checks=True)

        response = strict.post("/sign-in/", {"email": "alice@example.com"})

        self.assertContains(response, "<h1>", status_code=403)
        assert AuditEvent.objects.filter(event="access.refused").exists()

    def test_refuses_too_large_a_body(self) -> None:
        response = self.client.post("/sign-in/", {"email": "x" * 7_000_000})

        assert response.status_code == 400

    def test_renders_a_fault_without_the_database(self) -> None:
        from authnode import views

        with self.assertNumQueries(0):
            response = views.server_error(None)  # type: ignore[arg-type]
        assert response.status_code == 500
        assert b"<h1>" in response.content


class ServiceWorkerTests(base.TestCase):
    def test_comes_from_the_root(self) -> None:
        response = self.client.get("/service-worker.js")

        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert b"offline/" in response.content
        assert self.client.get("/offline/").status_code == 200


class ManifestTests(base.TestCase):
    def test_says_what_to_install(self) -> None:
        response = self.client.get("/manifest.webmanifest")

        assert response.headers["Content-Type"] == "application/manifest+json"
        words = response.json()
        assert words["start_url"] == words["scope"] == words["id"] == "/"
        assert words["display"] == "standalone"
        assert {icon["purpose"] for icon in words["icons"]} == {"any", "maskable"}

    def test_names_pictures_of_the_size_they_have(self) -> None:
        for icon in self.client.get("/manifest.webmanifest").json()["icons"]:
            if icon["type"] != "image/png":
                continue
            path = finders.find(icon["src"].removeprefix("/static/"))
            assert path, icon["src"]
            with Image.open(path) as picture:
                assert "x".join(map(str, picture.size)) == icon["sizes"]

    def test_is_named_by_every_page_but_the_offline_one(self) -> None:
        for path in ("/sign-in/", "/help/", "/nowhere/"):
            assert b'href="/manifest.webmanifest"' in self.client.get(path).content, path
        assert b"manifest" not in self.client.get("/offline/").content


class NoSettingsLeakTests(SimpleTestCase):
    def test_keeps_debug_off(self) -> None:
        assert settings.DEBUG is False
