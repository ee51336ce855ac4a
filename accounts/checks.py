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
