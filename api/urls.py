from __future__ import annotations

from django.urls import URLPattern, include, path

from api import views
from api.door import guarded
from api.site import api

app_name = "api"
# django-ninja names a path once for each of its methods, the first of which is enough, and its
# root, where nothing is.
operations = [
    guarded(pattern)
    for pattern in {str(each.pattern): each for each in reversed(api.urls[0])}.values()
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
