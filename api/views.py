from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import confirmed_recently
from accounts.views.account import current_user
from api import document, reference, services
from api.forms import TokenForm
from api.models import ApiToken
from audit import services as audit
from core import client
from core.throttle import throttle

MOST_ENDED = 20


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens: those that work, and those that did."""
    own, now = ApiToken.objects.for_owner(request.user), timezone.now()
    context = {
        "tokens": own.live(at=now).order_by("-created_at"),
        "over": own.exclude(pk__in=own.live(at=now).values("pk")).order_by("-created_at")[
            :MOST_ENDED
        ],
        "limit": services.MOST_PER_USER,
    }
    return render(request, "api/tokens.html", context)


@confirmed_recently
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _make(request, form)
    return _form_page(request, form)


@require_POST
def end(request: HttpRequest, token_id: UUID) -> HttpResponse:
    user = current_user(request)
    ended = services.end(user, token_id, at=timezone.now())
    if ended is not None:
        messages.info(request, _("%(name)s is ended; it opens nothing now.") % {"name": ended.name})
    elif ApiToken.objects.for_owner(user).filter(pk=token_id).exists():
        messages.info(request, _("That token had ended already."))
    else:
        if ApiToken.objects.filter(pk=token_id).exists():
            audit.record_foreign_object(user, "API token")
        raise Http404
    return redirect("api:tokens")


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """The interactive documentation, drawn here from the OpenAPI document."""
    context = {
        "groups": reference.groups(),
        "problems": reference.problems(),
        "root": get_script_prefix().rstrip("/"),
    }
    return render(request, "api/help.html", context)


@login_not_required
@require_safe
@throttle("openapi", "60/m")
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document.make(), json_dumps_params={"indent": 2})


@sensitive_variables("made")
def _make(request: HttpRequest, form: TokenForm) -> HttpResponse:
    try:
        made = services.make(current_user(request), **form.choice, at=timezone.now())
    except services.TooManyTokens:
        sentence = _("You have as many tokens as one may have. End one of them first.")
        form.add_error(None, sentence)
        return _form_page(request, form)
    except services.MadeAlready:
        messages.warning(
            request, _("That token was made already, and is shown once only. Make another one.")
        )
        return redirect("api:tokens")
    context = {"token": made.token, "row": made.row, "site": _site()}
    return render(request, "api/made.html", context)


def _form_page(request: HttpRequest, form: TokenForm) -> HttpResponse:
    context = {"form": form, "address": client.address(request)}
    return render(request, "api/new.html", context, status=422 if form.errors else 200)


def _site() -> str:
    return str(settings.SITE_URL)
