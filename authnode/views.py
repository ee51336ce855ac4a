from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


def welcome(request: HttpRequest) -> HttpResponse:
    """The front door, for who is not signed in and was not on the way to anything."""
    return render(request, "welcome.html", {"takes_sign_ups": settings.SIGN_UP == "open"})


@login_not_required
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the service worker keeps for when the server does not answer."""
    response = render(request, "offline.html")
    response.headers["Cache-Control"] = "max-age=3600"
    return response


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, as a worker's reach is the folder it comes from."""
    path = finders.find("js/service-worker.js")
    if path is None:
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a browser needs to know to install the site like an app."""
    start = reverse("vault:list")
    words = {
        "id": start,
        "name": "AuthNode",
        "short_name": "AuthNode",
        "description": _("Your second factors, on your own server."),
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#f6f5f1",
        "theme_color": "#f6f5f1",
        "icons": [
            _icon("favicon.svg", "any", "image/svg+xml"),
            _icon("icons/app-192.png", "192x192"),
            _icon("icons/app-512.png", "512x512"),
            _icon("icons/app-512-masked.png", "512x512", purpose="maskable"),
        ],
        "shortcuts": [
            {"name": _("Add a code"), "url": reverse("vault:add")},
            {"name": _("Activity"), "url": reverse("audit:activity")},
        ],
    }
    response = JsonResponse(words, content_type="application/manifest+json")
    response.headers["Cache-Control"] = "max-age=3600"
    return response


def _icon(
    path: str, sizes: str, kind: str = "image/png", *, purpose: str = "any"
) -> dict[str, str]:
    return {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    # Without the context processors: they would ask the database that may be what failed.
    return render(None, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    request.csrf_reason = reason  # type: ignore[attr-defined]
    return render(request, "403_csrf.html", status=403)
