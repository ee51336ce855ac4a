from __future__ import annotations

from django.urls import path

from accounts.totp import views

urlpatterns = [
    path("sign-in/code/", views.present, name="totp-present"),
    path("confirm/code/", views.confirm, name="totp-confirm"),
    path("settings/security/apps/add/", views.enrol, name="totp-enrol"),
    path("settings/security/apps/<uuid:device_id>/rename/", views.rename, name="totp-rename"),
    path("settings/security/apps/<uuid:device_id>/remove/", views.remove, name="totp-remove"),
]
