from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import services as audit
from core import allowances
from core.throttle import throttle
from notifications import hooks, kinds, services
from notifications.forms import EndpointForm, PreferencesForm
from notifications.models import Notification

PER_PAGE = 30
TRIES = 10


@require_GET
def show_inbox(request: HttpRequest) -> HttpResponse:
    newest_first = Notification.objects.for_owner(request.user).order_by("-created_at", "-id")
    page = Paginator(newest_first, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "notifications/inbox.html", {"page": page})


@require_POST
def mark_read(request: HttpRequest, notification_id: UUID) -> HttpResponse:
    notification = Notification.objects.for_owner(request.user).filter(pk=notification_id).first()
    if notification is None:
        if Notification.objects.filter(pk=notification_id).exists():
            audit.record_foreign_object(request.user, "notification")
        raise Http404
    services.mark_read(notification, at=timezone.now())
    return redirect("notifications:inbox")


@require_POST
def mark_all_read(request: HttpRequest) -> HttpResponse:
    services.mark_all_read(user=request.user, at=timezone.now())
    return redirect("notifications:inbox")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_preferences(request: HttpRequest) -> HttpResponse:
    endpoint = hooks.endpoint_of(request.user)
    channels = kinds.CHANNELS if endpoint else (kinds.IN_APP, kinds.MAIL)
    choices = services.choices(request.user)
    posted = request.POST if request.method == "POST" else None
    form = PreferencesForm(choices, posted, channels=channels)
    if request.method == "POST" and form.is_valid():
        services.choose(
            user=request.user, wanted=form.wanted(), channels=channels, at=timezone.now()
        )
        messages.success(request, _("Your choice is saved."))
        return redirect("notifications:preferences")
    return _preferences(request, form, EndpointForm(), status=200)


@require_POST
@throttle("notice-endpoint", "20/m")
def set_endpoint(request: HttpRequest) -> HttpResponse:
    if not hooks.are_open():
        raise Http404
    form, now = EndpointForm(request.POST), timezone.now()
    if form.is_valid():
        _count(request, now)
        try:
            services.set_endpoint(_person(request), at=now, **form.cleaned_data)
        except hooks.EndpointRefused as refusal:
            form.add_error("url", str(refusal))
        else:
            messages.success(request, _("Notices go there from now on."))
            return redirect("notifications:preferences")
    choices = PreferencesForm(services.choices(request.user), channels=(kinds.IN_APP, kinds.MAIL))
    return _preferences(request, choices, form, status=422)


@require_POST
def remove_endpoint(request: HttpRequest) -> HttpResponse:
    hooks.remove(request.user, at=timezone.now())
    messages.success(request, _("Notices no longer go to a web address."))
    return redirect("notifications:preferences")


@require_POST
def test_endpoint(request: HttpRequest) -> HttpResponse:
    if hooks.endpoint_of(request.user) is None:
        messages.warning(request, _("There is no address to test."))
        return redirect("notifications:preferences")
    now = timezone.now()
    _count(request, now)
    hooks.send(hooks.TEST, user=request.user, at=now)
    messages.success(request, _("A test is on its way. Load this page again to see whether."))
    return redirect("notifications:preferences")


def _preferences(
    request: HttpRequest, form: PreferencesForm, endpoint_form: EndpointForm, *, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "takes_endpoints": hooks.are_open(),
        "endpoint": hooks.endpoint_of(request.user),
        "endpoint_form": endpoint_form,
    }
    return render(request, "notifications/preferences.html", context, status=status)


def _count(request: HttpRequest, now: datetime) -> None:
    """Whoever could ask for many would have this server knock at doors for them."""
    key = str(request.user.pk)
    allowances.claim("notice endpoint", key, limit=TRIES, per=timedelta(hours=1), at=now)


def _person(request: HttpRequest) -> AbstractBaseUser:
    # The middleware lets nobody in who is not signed in.
    return cast(AbstractBaseUser, request.user)
