from __future__ import annotations

from django.urls import path

from accounts.help import views

urlpatterns = [
    path("settings/security/factor-reset/stop/", views.stop, name="factor-reset-stop"),
]
