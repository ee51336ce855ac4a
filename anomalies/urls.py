from __future__ import annotations

from django.urls.resolvers import URLPattern

app_name = "anomalies"
urlpatterns: list[URLPattern] = []
