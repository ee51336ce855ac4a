from __future__ import annotations

from django.urls import path

from accounts.oidc import views

urlpatterns = [
    path("sign-in/oidc/", views.start, name="oidc-start"),
    path("sign-in/oidc/callback/", views.callback, name="oidc-callback"),
    path("confirm/oidc/", views.confirm, name="oidc-confirm"),
    path("settings/security/oidc/link/", views.link, name="oidc-link"),
    path("settings/security/oidc/unlink/", views.unlink, name="oidc-unlink"),
]
