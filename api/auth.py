"""Who asks: a token in the header, or a session that the middleware has judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import APIKeyCookie, HttpBearer

from accounts import factors, policy
from api import problems, services
from api.models import ApiToken, Scope
from audit import context
from core import client, throttle

REALM = {"WWW-Authenticate": 'Bearer realm="AuthNode"'}
PER_TOKEN = "120/m"
REFUSED_PER_NETWORK = "30/m"


class Token(HttpBearer):
    """A personal token that may do what `scope` says; no cookie is looked at."""

    def __init__(self, scope: Scope | None = None) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> ApiToken:
        scheme, _space, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != self.openapi_scheme:
            throttle.count(request, group="api-refused", rate=REFUSED_PER_NETWORK)
            raise problems.Refused(problems.TOKEN_NOT_VALID, headers=REALM)
        return self.authenticate(request, shown.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        row = _recognise(request, token)
        _act_as(request, row)
        throttle.count(request, group="api", rate=PER_TOKEN, key=str(row.pk))
        if self.scope is not None and self.scope not in row.scopes:
            raise problems.Refused(
                problems.SCOPE_MISSING,
                _("This needs a token with “%(scope)s”.") % {"scope": self.scope.value},
                needs=self.scope.value,
            )
        _check_owner(row)
        return row


class Session(APIKeyCookie):
    """The signed-in session; sign-in, lock and CSRF have been judged before any view."""

    def __call__(self, request: HttpRequest) -> Any:
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None


def _recognise(request: HttpRequest, token: str) -> ApiToken:
    try:
        return services.recognise(token, address=client.address(request), at=timezone.now())
    except services.OtherAddress:
        raise problems.Refused(problems.ADDRESS_NOT_ALLOWED) from None
    except services.TokenNotValid:
        throttle.count(request, group="api-refused", rate=REFUSED_PER_NETWORK)
        headers = {"WWW-Authenticate": f'{REALM["WWW-Authenticate"]}, error="invalid_token"'}
        raise problems.Refused(problems.TOKEN_NOT_VALID, headers=headers) from None


def _check_owner(row: ApiToken) -> None:
    """What the site demands of people it demands of their scripts as well."""
    if policy.is_due(row.user, at=timezone.now()) and factors.count(row.user) == 0:
        raise problems.Refused(
            problems.FACTOR_NEEDED,
            _("This site asks for a second factor. Sign in and add one; the token works then."),
        )


def _act_as(request: HttpRequest, row: ApiToken) -> None:
    """From here on the request is the token's: in what is looked up, and in what is recorded."""
    request.user = row.user
    words = _("API token “%(name)s”") % {"name": row.name}
    origin = context.current()
    services.note_use(row, address=client.address(request), browser=words, at=timezone.now())
    if origin.is_request:
        context.enter(replace(origin, browser=words))
