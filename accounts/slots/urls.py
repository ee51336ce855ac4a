from __future__ import annotations

from django.urls import path

from accounts.slots import browser, views

HOME = "settings/security/keys/"
urlpatterns = [
    path(HOME, views.keys, name="keys"),
    path(f"{HOME}passphrase/", views.passphrase, name="keys-passphrase"),
    path(f"{HOME}recovery/", views.add_recovery, name="keys-recovery"),
    path(f"{HOME}replace/", views.replace, name="keys-replace"),
    path(f"{HOME}<uuid:slot_id>/rename/", views.rename, name="keys-rename"),
    path(f"{HOME}<uuid:slot_id>/remove/", views.remove, name="keys-remove"),
    path(f"{HOME}<uuid:slot_id>/open/", views.open_former, name="keys-former"),
    path(f"{HOME}slots/", browser.slots, name="keys-slots"),
    path(f"{HOME}slots/<uuid:slot_id>/used/", browser.used, name="keys-used"),
    path(f"{HOME}session-key/", browser.session_key, name="keys-session"),
]
