"""Made-up requests to every operation, good and bad, held against the OpenAPI document."""

from __future__ import annotations

from typing import Any

import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client, override_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.tests.test_access_matrix import make_export
from api.tests.making import make_token
from core.models import AllowanceSlot
from exports.models import Export
from tests import base
from tests.figures import rounds
from vault.models import OtpEntry
from vault.tests.making import make_entry

# Whether a link holds a secret, and whether the parts of a wish go together: what is of the right
# type may be refused there all the same. Every other check holds for these as well.
SAID_BY_NO_SCHEMA = {"add_entry", "export_applications"}
EXAMPLES = rounds(few=6, many=200)
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    # A test that fails says so; making its request smaller would take longer than reading it.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@override_settings(SITE_URL="http://localhost")
class ConformanceTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        load_all_checks()
        for number, kind in enumerate(("totp", "hotp", "steam"), 1):
            make_entry(self.alice, number, type=kind, **({"digits": 5} if kind == "steam" else {}))
        _, token = make_token(self.alice)
        self.client = self.sign_in_as("alice", Client())
        self.headers = {
            "Token": {"Authorization": f"Bearer {token}"},
            "Session": {
                "Cookie": f"session={self.client.cookies['session'].value}; csrf={'c' * 32}",
                "X-CSRFToken": "c" * 32,
            },
            "": {},
        }
        self.known = {
            "entry_id": str(OtpEntry.objects.filter(owner=self.alice, type="totp").get().pk),
            "export_id": str(make_export(self.alice)),
        }
        # As Django's own client does, whose requests are over by now: the transaction that is
        # undone in the end lives in these connections.
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
            self.addCleanup(signal.connect, close_old_connections)
        self.schema = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())

    def test_answers_good_requests_as_the_document_says(self) -> None:
        assert self.walk(GenerationMode.POSITIVE) == 13

    def test_refuses_bad_requests_as_the_document_says(self) -> None:
        assert self.walk(GenerationMode.NEGATIVE) > 10

    def walk(self, mode: GenerationMode) -> int:
        """Try all operations; the answer is the number of those that were tried."""
        tried = 0
        found: Any
        for found in self.schema.get_all_operations():
            operation = found.ok()
            if mode is GenerationMode.NEGATIVE and not self.takes_anything(operation):
                continue
            with self.subTest(f"{mode.value}: {operation.label}"):
                self.try_out(operation, mode)
            tried += 1
        return tried

    def takes_anything(self, operation: Any) -> bool:
        return bool(operation.body) or bool(operation.query) or bool(operation.path_parameters)

    def try_out(self, operation: Any, mode: GenerationMode) -> None:
        headers = self.headers[_opens(operation)]
        name = operation.definition.raw["operationId"]
        excluded = [positive_data_acceptance] if name in SAID_BY_NO_SCHEMA else []
        seen: list[int] = []

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            self.start_afresh()
            if mode is GenerationMode.POSITIVE:
                # A made-up id names nothing; a known one is worth more.
                names = {name: self.known[name] for name in case.path_parameters or {}}
                case.path_parameters = names
            answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
            seen.append(answer.status_code)

        each()
        assert seen
        assert not any(status >= 500 for status in seen)

    def start_afresh(self) -> None:
        """What is counted would end the test, and belongs to others."""
        cache.clear()
        AllowanceSlot.objects.all().delete()
        Export.objects.filter(made_at=None).delete()


def _opens(operation: Any) -> str:
    ways = operation.definition.raw.get("security", [])
    return next((name for way in ways for name in way), "")
