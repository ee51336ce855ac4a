from __future__ import annotations

from django.urls import path

from accounts.reset import address_views, views

urlpatterns = [
    path("reset/", views.landing, name="reset"),
    # Not the path of the links: in the same tab they would only change the fragment.
    path("reset/request/", views.request_link, name="reset-request"),
    path("reset/link/", views.open_link, name="reset-link"),
    path("reset/code/", views.code, name="reset-code"),
    path("reset/password/", views.password, name="reset-password"),
    path("reset/stop/", views.stop, name="reset-stop"),
    path("address/", address_views.landing, name="address"),
    path("address/link/", address_views.open_link, name="address-link"),
    path("settings/address/", address_views.confirm, name="address-confirm"),
    path("settings/address/cancel/", address_views.cancel, name="address-cancel"),
]
