from __future__ import annotations

from django.urls import path

from accounts.display import views

urlpatterns = [path("settings/display/", views.choose, name="display")]
