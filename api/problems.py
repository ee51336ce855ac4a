"""How the API says no (RFC 9457): one kind for each thing that a program can do about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise, StrPromise

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """`advice` says, in the documentation, what to do about it."""

    name: str
    status: int
    title: StrPromise
    advice: StrPromise

    @property
    def address(self) -> str:
        return f"{settings.SITE_URL}{reverse('api:help')}#{self.name}"


BAD_REQUEST = Kind(
    "bad-request",
    400,
    _("The request cannot be read."),
    _("Send JSON as the documentation shows it."),
)
TOKEN_NOT_VALID = Kind(
    "token-not-valid",
    401,
    _("A valid token is needed."),
    _(
        "Send “Authorization: Bearer” and a token of yours. Tokens expire, are ended by their"
        " user, and end when the password or a second factor changes."
    ),
)
NOT_SIGNED_IN = Kind(
    "not-signed-in",
    401,
    _("A session is needed."),
    _("Sign in on the site; a token opens nothing here."),
)
SESSION_LOCKED = Kind(
    "session-locked",
    401,
    _("The session is locked."),
    _("It was without activity for too long, or has ended. Sign in again."),
)
SIGN_IN_REFUSED = Kind(
    "sign-in-refused",
    401,
    _("This sign-in is not accepted."),
    _("Address, auth secret and backup sign-in code do not belong together, or the code is used."),
)
SCOPE_MISSING = Kind(
    "scope-missing",
    403,
    _("The token may not do this."),
    _("Make a token that may. What one may do is chosen when it is made."),
)
ADDRESS_NOT_ALLOWED = Kind(
    "address-not-allowed",
    403,
    _("The token does not work from here."),
    _("It is bound to other addresses."),
)
CONFIRMATION_NEEDED = Kind(
    "confirmation-needed",
    403,
    _("Confirm that it is you."),
    _("The last proof is older than five minutes. Open “continue_at” in the browser."),
)
FACTOR_NEEDED = Kind(
    "factor-needed",
    403,
    _("A second factor is needed."),
    _("Open “continue_at” in the browser and show or add one."),
)
NEW_PASSWORD_NEEDED = Kind(
    "new-password-needed",
    403,
    _("A new password is needed."),
    _("Open “continue_at” in the browser and choose one."),
)
FURTHER_STEP_NEEDED = Kind(
    "further-step-needed",
    403,
    _("This sign-in needs a further step."),
    _("It is unusual. Open “continue_at” in a browser that holds the cookie of this answer."),
)
FORGED = Kind(
    "form-token-missing",
    403,
    _("The request may come from another site."),
    _("Send the CSRF token as X-CSRFToken, together with the cookies it belongs to."),
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    _("This is not allowed."),
    _("Nothing that can be repeated changes that."),
)
NOT_FOUND = Kind(
    "not-found",
    404,
    _("There is nothing here."),
    _("It is gone, or it is not yours."),
)
NO_SUCH_METHOD = Kind(
    "no-such-method",
    405,
    _("This address does not answer that method."),
    _("The header Allow names those it answers."),
)
CONFLICT = Kind(
    "conflict",
    409,
    _("The state of things does not allow this."),
    _("The detail says why: a counter at its end, an export that is being made already."),
)
SECRET_KNOWN = Kind(
    "secret-known",
    409,
    _("This secret is in the vault already."),
    _("“entry” names where. Send “allow_duplicate” to add it all the same."),
)
OTHER_KIND_OF_CODE = Kind(
    "other-kind-of-code",
    409,
    _("The account makes its codes in another way."),
    _("GET reads time-based codes, POST makes the next counter-based one."),
)
UNREADABLE_SECRET = Kind(
    "unreadable-secret",
    409,
    _("The secret of this account cannot be opened."),
    _("Tell the operator of the site."),
)
TOO_LARGE = Kind(
    "too-large",
    413,
    _("The request is too large."),
    _("64 KiB is the limit."),
)
NOT_JSON = Kind(
    "not-json",
    415,
    _("The request must be JSON."),
    _("Send “Content-Type: application/json”."),
)
NOT_VALID = Kind(
    "not-valid",
    422,
    _("Something in the request is not valid."),
    _("“errors” names each part and what is wrong with it."),
)
TOO_MANY = Kind(
    "too-many-requests",
    429,
    _("Too many requests."),
    _("Wait as many seconds as the header Retry-After says."),
)
FAULT = Kind(
    "fault",
    500,
    _("The server made a mistake."),
    _("Try again later. If it stays, tell the operator the number in X-Request-ID."),
)
AWAY = Kind(
    "away",
    503,
    _("The site cannot answer now."),
    _("Try again after as many seconds as Retry-After says."),
)

KINDS = tuple(kind for kind in list(globals().values()) if isinstance(kind, Kind))


class Refused(Exception):
    """Raised by endpoints; becomes the answer."""

    def __init__(
        self,
        kind: Kind,
        detail: StrOrPromise = "",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(kind.name)
        self.kind, self.detail, self.headers, self.more = kind, detail, headers or {}, more

    def as_response(self) -> HttpResponse:
        content = body(self.kind, self.detail, **self.more)
        return HttpResponse(
            content, status=self.kind.status, content_type=MEDIA_TYPE, headers=dict(self.headers)
        )


def body(kind: Kind, detail: StrOrPromise = "", **more: Any) -> bytes:
    parts = {
        "type": kind.address,
        "title": str(kind.title),
        "status": kind.status,
        "detail": str(detail or kind.advice),
        **more,
    }
    return json.dumps(parts).encode()


def of_status(status: int) -> Kind:
    """The general kind of a status that something else has decided on."""
    general = {401: NOT_SIGNED_IN, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 413: TOO_LARGE}
    found = general.get(status) or next((kind for kind in KINDS if kind.status == status), None)
    return found or (FAULT if status >= 500 else BAD_REQUEST)
