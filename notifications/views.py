from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import services as audit
from notifications import services
from notifications.forms import PreferencesForm
from notifications.models import Notification

PER_PAGE = 30


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
    choices = services.choices(request.user)
    form = PreferencesForm(choices, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.choose(user=request.user, wanted=form.wanted(), at=timezone.now())
        messages.success(request, _("Your choice is saved."))
        return redirect("notifications:preferences")
    return render(request, "notifications/preferences.html", {"form": form})
