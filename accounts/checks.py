from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.oidc import fetching


@register()
def open_sign_up_has_mail(**_: Any) -> list[CheckMessage]:
    if settings.SIGN_UP == "open" and not settings.MAIL_IS_CONFIGURED:
        return [
            Error(
                "Open sign-up proves addresses by mail, and no mail server is configured.",
                hint="Set EMAIL_URL, or SIGN_UP=invitation.",
                id="accounts.E001",
            )
        ]
    return []


@register()
def single_sign_on_is_complete(**_: Any) -> list[CheckMessage]:
    if not settings.OIDC_ISSUER:
        # Without a provider the switch would close the site to everybody.
        return [_oidc_error("OIDC_ONLY closes the password page, and there is no provider.")] * (
            settings.OIDC_ONLY
        )
    found = []
    if not fetching.is_acceptable(settings.OIDC_ISSUER) or "?" in settings.OIDC_ISSUER:
        found.append("OIDC_ISSUER must be an https address (http only on this machine).")
    if not settings.OIDC_CLIENT_ID:
        found.append("OIDC_ISSUER is set, and OIDC_CLIENT_ID is not.")
    if "openid" not in settings.OIDC_SCOPES:
        found.append("OIDC_SCOPES must contain openid.")
    return [_oidc_error(sentence) for sentence in found]


def _oidc_error(sentence: str) -> Error:
    return Error(sentence, hint="See “Single sign-on” in docs/settings.md.", id="accounts.E002")
