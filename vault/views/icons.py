from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from vault import brands

POLICY = "default-src 'none'; style-src 'none'; frame-ancestors 'none'"


@login_not_required
@require_safe
def icon(request: HttpRequest, slug: str) -> HttpResponse:
    """A brand's tile. Public: it says nothing of anybody, and browsers may keep it for long."""
    picture = brands.draw(slug)
    if picture is None:
        raise Http404
    response = HttpResponse(picture, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
