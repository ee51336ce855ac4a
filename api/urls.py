from __future__ import annotations

from django.urls import URLPattern, include, path

from api import views
from api.door import guarded
from api.site import api

app_name = "api"
# django-ninja also names its root, where nothing is.
operations = [
    guarded(pattern)
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and pattern.name != "api-root"
]
urlpatterns = [
    path("api/openapi.json", views.openapi, name="openapi"),
    path("api/", include(operations)),
    path("help/api/", views.help_page, name="help"),
    path("settings/security/tokens/", views.tokens, name="tokens"),
    path("settings/security/tokens/new/", views.new, name="new"),
    path("settings/security/tokens/<uuid:token_id>/end/", views.end, name="end"),
]
