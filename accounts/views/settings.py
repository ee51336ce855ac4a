from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import factors, policy
from accounts.decorators import confirmed_recently
from accounts.oidc import services as oidc
from accounts.passkeys import services as passkeys
from accounts.slots import services as slots
from accounts.totp import services as totp
from accounts.trusted import services as trusted
from accounts.views.account import current_user


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Everything that guards the account, on one page."""
    user, now = current_user(request), timezone.now()
    context = {
        "factor_count": factors.count(user),
        "is_demanded": policy.concerns(user),
        "factor_due_at": user.factor_due_at,
        **oidc.section(user),
        **totp.section(user),
        **passkeys.section(user),
        **slots.section(user),
        **trusted.section(user, at=now),
        # Apps above have sections here as well: each names its template and what that shows.
        "further_sections": [import_string(path)(user) for path in settings.SECURITY_SECTIONS],
    }
    return render(request, "accounts/settings/security.html", context)


@confirmed_recently
@require_POST
def distrust(request: HttpRequest, browser_id: UUID) -> HttpResponse:
    if not trusted.withdraw(current_user(request), browser_id, at=timezone.now()):
        raise Http404
    messages.info(request, _("That browser is asked for the code again."))
    return redirect("accounts:security")
