"""The site with the provider of the tests as its single sign-on."""

from __future__ import annotations

import html
import re
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import OidcIdentity, User
from accounts.oidc import identities
from accounts.oidc import provider as providers
from audit.models import AuditEvent
from tests import base, oidc_provider


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class SiteMixin:
    """A running provider for each test, and the steps of a browser between the two."""

    client: Client
    enterContext: Any  # noqa: N815 - the name that unittest gave it
    alice: ClassVar[User]

    def start_provider(self) -> None:
        self.provider = oidc_provider.Provider()
        self.enterContext(self.provider.running())
        providers.kept.forget()
        self.configure()

    def configure(self, **changes: Any) -> None:
        wanted = {
            "OIDC_ISSUER": self.provider.issuer,
            "OIDC_CLIENT_ID": oidc_provider.CLIENT_ID,
            "OIDC_CLIENT_SECRET": oidc_provider.CLIENT_SECRET,
            "OIDC_NAME": "Example Login",
            **changes,
        }
        self.enterContext(override_settings(**wanted))

    def link(self, user: User, subject: str = "subject-1") -> OidcIdentity:
        return identities.make(user, subject, at=timezone.now())

    def leave(self, path: str = "/sign-in/oidc/", **form: str) -> str:
        """Post the button; the answer is the provider's page that the browser goes to."""
        response = self.client.post(path, form)
        assert response.status_code == 200, response.content
        url = response.headers["Refresh"].removeprefix("0; url=")
        assert html.escape(url) in response.content.decode()
        return url

    def visit(self, url: str) -> str:
        """Agree at the provider; the answer is the path and query the browser comes back with."""
        try:
            build_opener(_Stay).open(url, timeout=5)
        except HTTPError as answer:
            back = urlsplit(answer.headers["Location"])
            answer.close()
            return f"{back.path}?{back.query}"
        raise AssertionError("The provider did not send the browser back.")

    def come_back(self, path: str = "/sign-in/oidc/", **form: str) -> Any:
        return self.client.get(self.visit(self.leave(path, **form)))

    def amr(self) -> list[str]:
        return list(self.client.session.get("amr", []))


class TestCase(SiteMixin, base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_provider()

    def assert_refused(self, response: Any, reason: str, *, event: str = "") -> None:
        assert response.status_code in {400, 503}, response.status_code
        last = AuditEvent.objects.latest("id")
        assert last.event == (event or "session.start_refused")
        assert last.facts["reason"] == reason
        assert re.search(r'class="button button-primary" href="/', response.content.decode())


def words_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
