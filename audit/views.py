from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit import activity
from audit.forms import ActivityFilter
from audit.models import AuditEvent, AuditEventQuerySet

PER_PAGE = 50


@require_GET
def show_activity(request: HttpRequest) -> HttpResponse:
    """The user's own events."""
    form = ActivityFilter(request.GET or None)
    page = Paginator(_chosen(request, form), PER_PAGE).get_page(request.GET.get("page"))
    chosen = [(name, request.GET.get(name, "")) for name in form.fields]
    query = urlencode([(name, value) for name, value in chosen if value])
    context = {"form": form, "page": page, "rows": list(_rows(page)), "query": query}
    return render(request, "audit/activity.html", context)


@require_GET
def download_activity(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The same as a CSV file."""
    form = ActivityFilter(request.GET)
    if not form.is_valid():
        return show_activity(request)
    events = _chosen(request, form).iterator(chunk_size=500)
    return StreamingHttpResponse(
        activity.csv_lines(events),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="authnode-activity.csv"'},
    )


def _chosen(request: HttpRequest, form: ActivityFilter) -> AuditEventQuerySet:
    if not form.is_bound:
        return activity.find(request.user)
    if not form.is_valid():
        return AuditEvent.objects.none()
    return activity.find(request.user, **form.cleaned_data)


def _rows(events: Iterable[AuditEvent]) -> Iterator[dict[str, object]]:
    for event in events:
        group = activity.group_of(event.event)
        yield {"event": event, "icon": group.icon if group else "activity"}
