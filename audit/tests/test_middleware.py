from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, reverse
from django.utils import timezone

from accounts import sign_up
from accounts.models import SignUpToken
from audit import context, events, middleware, services
from audit.models import AuditEvent
from tests.base import TestCase

View = Callable[[HttpRequest], HttpResponse]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def answer(status: int) -> View:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    return view


class RequestContextTest(TestCase):
    def ask(self, view: View, method: str = "get", **extra: Any) -> HttpResponse:
        """Send a request through the middleware alone, to a view that answers so."""
        request = getattr(RequestFactory(), method)("/secret/path?token=abc", **extra)
        request.user = self.alice
        request.resolver_match = ResolverMatch(
            answer, (), {}, url_name="edit", namespaces=["vault"]
        )
        return middleware.RequestContext(view)(request)

    def test_gives_every_answer_a_request_id(self) -> None:
        ids = {self.ask(answer(200)).headers["X-Request-ID"] for _ in range(3)}

        assert len(ids) == 3
        assert all(re.fullmatch(r"[0-9a-f]{32}", request_id) for request_id in ids)

    def test_ignores_a_request_id_that_was_sent(self) -> None:
        response = self.ask(answer(200), HTTP_X_REQUEST_ID="mine")

        assert response.headers["X-Request-ID"] != "mine"

    def test_tells_recorded_events_where_they_come_from(self) -> None:
        def view(request: HttpRequest) -> HttpResponse:
            services.record(events.ENTRY_ADDED, user=self.alice)
            return HttpResponse()

        response = self.ask(view, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="203.0.113.5")

        event = AuditEvent.objects.get(event=events.ENTRY_ADDED)
        assert (event.address, event.browser) == ("203.0.113.5", "Firefox on Linux")
        assert event.request_id == response.headers["X-Request-ID"]

    def test_forgets_the_origin_afterwards(self) -> None:
        self.ask(answer(200))

        assert context.current() is context.NOWHERE

    def test_records_a_403_with_the_name_of_the_url_alone(self) -> None:
        self.ask(answer(403))

        event = AuditEvent.objects.get(event=events.ACCESS_REFUSED)
        assert event.user == self.alice.id
        assert event.facts == {"view": "vault:edit", "method": "GET"}
        assert "secret" not in str(vars(event))

    def test_records_a_429(self) -> None:
        self.ask(answer(429))

        assert AuditEvent.objects.filter(event=events.THROTTLED).count() == 1

    def test_records_nothing_else(self) -> None:
        before = AuditEvent.objects.count()
        for status in (200, 302, 400, 404, 500):
            self.ask(answer(status))

        assert AuditEvent.objects.count() == before

    def test_records_what_a_rolled_back_view_left(self) -> None:
        def view(request: HttpRequest) -> HttpResponse:
            try:
                with transaction.atomic():
                    services.record_foreign_object(request.user, "entry")
                    raise PermissionDenied
            except PermissionDenied:
                return HttpResponseNotFound()

        self.ask(view)

        assert AuditEvent.objects.get(event=events.FOREIGN_OBJECT).facts == {"kind": "entry"}

    def test_keeps_so_many_refusals_of_one_network_a_minute(self) -> None:
        for _ in range(middleware.REFUSALS_KEPT + 5):
            self.ask(answer(403))
        self.ask(answer(403), REMOTE_ADDR="203.0.113.99")

        kept = AuditEvent.objects.filter(event=events.ACCESS_REFUSED).count()
        assert kept == middleware.REFUSALS_KEPT + 1

    def test_answers_even_when_nothing_can_be_recorded(self) -> None:
        with (
            mock.patch.object(services, "record", side_effect=DatabaseError("away")),
            self.assertLogs("audit.middleware", "ERROR"),
        ):
            assert self.ask(answer(403)).status_code == 403


class AdminActionTest(TestCase):
    def act(self, client: Client) -> list[str]:
        for name in ("ida", "nina"):
            address = f"{name}@example.com"
            sign_up.invite(email=address, invited_by=self.charlie, at=timezone.now())
        chosen = [str(pk) for pk in SignUpToken.objects.values_list("pk", flat=True)]
        form = {"action": "withdraw", "_selected_action": chosen}
        client.post(reverse("admin:accounts_signuptoken_changelist"), form)
        return chosen

    def test_is_recorded_with_its_ids(self) -> None:
        chosen = self.act(self.sign_in_as("charlie"))

        events_kept = AuditEvent.objects.filter(event=events.ADMIN_CHANGED)
        facts = [event.facts for event in events_kept if event.facts.get("action") == "withdraw"]
        assert [kept["object_ids"] for kept in facts] == [" ".join(chosen)]
        assert {event.user for event in events_kept} == {self.charlie.id}

    def test_is_not_recorded_for_whoever_is_not_let_in(self) -> None:
        self.act(self.client)
        self.act(self.sign_in_as("bob"))

        assert not AuditEvent.objects.filter(event=events.ADMIN_CHANGED).exists()


class CsrfTest(TestCase):
    def test_records_a_form_from_elsewhere(self) -> None:
        client = Client(enforce_csrf_checks=True)

        assert client.post("/sign-in/", {"email": "x"}).status_code == 403

        event = AuditEvent.objects.get(event=events.ACCESS_REFUSED)
        assert event.user is None
        assert event.facts == {"view": "accounts:sign-in", "method": "POST", "reason": "csrf"}
