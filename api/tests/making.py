"""What the tests of the API need: tokens, and a client that shows one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from api import services
from api.models import ApiToken, Scope

ALL = tuple(Scope.values)


def make_token(
    user: User, *scopes: str, networks: Sequence[str] = (), days: int = 30, name: str = "Script"
) -> tuple[ApiToken, str]:
    """A live token and its text; it may do everything unless something is named."""
    made = services.make(
        user,
        token_id=uuid.uuid4(),
        name=name,
        scopes=scopes or ALL,
        networks=networks,
        lifetime=timedelta(days=days),
        at=timezone.now(),
    )
    return made.row, made.token


class Program:
    """A client without cookies that shows a token, and CSRF checks that are on."""

    def __init__(self, token: str = "", **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {token}", **headers} if token else headers

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        if body is None:
            return self.client.generic("POST", path, b"", content_type="", headers=self.headers)
        return self.client.post(path, body, content_type="application/json", headers=self.headers)


def problem(response: Any) -> str:
    """The kind of a refusal, which is told as RFC 9457 says."""
    assert response["Content-Type"] == "application/problem+json", response["Content-Type"]
    told = response.json()
    assert told["status"] == response.status_code
    assert told["title"] and told["detail"]
    return str(told["type"]).rpartition("#")[2]
