"""The site's addresses and one more: the least that a signed-in page costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from authnode.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def floor(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Signed in as {request.user.pk}.")


urlpatterns = [path("bench/floor/", floor, name="bench-floor"), *urlpatterns]
