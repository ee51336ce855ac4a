"""Sending the browser to the provider: to sign in there, or to sign out there as well."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import links
from accounts.oidc import identities
from accounts.oidc import provider as providers
from accounts.oidc.refusals import OidcRefused
from accounts.oidc.services import OIDC

logger = logging.getLogger(__name__)


def page(request: HttpRequest, url: str) -> HttpResponse:
    """Not a redirect: our policy lets forms lead to this site only, and browsers hold what a
    form is redirected to against it.
    """
    context = {"url": url, "oidc_name": settings.OIDC_NAME}
    response = render(request, "accounts/oidc/leaving.html", context)
    response.headers["Refresh"] = f"0; url={url}"
    response.headers["Cache-Control"] = "no-store"
    return response


def after_sign_out(request: HttpRequest, amr: Sequence[str]) -> HttpResponse:
    """What follows a session that has just ended here; `amr` is how it had come in."""
    to_sign_in = redirect("accounts:sign-in")
    if OIDC not in amr or not identities.is_configured():
        messages.info(request, _("You are signed out."))
        return to_sign_in
    url = _end_session_url() if settings.OIDC_SIGN_OUT else ""
    if url:
        return page(request, url)
    messages.info(
        request,
        _("You are signed out here. You may still be signed in at %(name)s.")
        % {"name": settings.OIDC_NAME},
    )
    return to_sign_in


def _end_session_url() -> str:
    """The session here is over in any case; a provider that is away must not look like a fault."""
    try:
        return providers.discover().end_session_url(back=links.absolute("accounts:sign-in"))
    except OidcRefused as refusal:
        logger.warning("No sign-out at the provider: %s", refusal.reason)
        return ""
