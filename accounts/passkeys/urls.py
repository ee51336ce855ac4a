from __future__ import annotations

from django.urls import path

from accounts.passkeys import resetting, views

SETTINGS = "settings/security/passkeys/"

urlpatterns = [
    path("sign-in/passkey/options/", views.sign_in_options, name="passkey-sign-in-options"),
    path("sign-in/passkey/answer/", views.sign_in, name="passkey-sign-in"),
    path("sign-in/passkey/", views.present, name="passkey-present"),
    path("sign-in/passkey/factor/options/", views.present_options, name="passkey-present-options"),
    path("sign-in/passkey/factor/answer/", views.present_answer, name="passkey-present-answer"),
    path("reset/passkey/", resetting.show, name="passkey-reset"),
    path("reset/passkey/options/", resetting.options, name="passkey-reset-options"),
    path("reset/passkey/answer/", resetting.answer, name="passkey-reset-answer"),
    path("confirm/passkey/", views.confirm, name="passkey-confirm"),
    path("confirm/passkey/options/", views.confirm_options, name="passkey-confirm-options"),
    path("confirm/passkey/answer/", views.confirm_answer, name="passkey-confirm-answer"),
    path(f"{SETTINGS}add/", views.enrol, name="passkey-enrol"),
    path(f"{SETTINGS}add/options/", views.enrol_options, name="passkey-enrol-options"),
    path(f"{SETTINGS}add/answer/", views.enrol_answer, name="passkey-enrol-answer"),
    path(f"{SETTINGS}<uuid:passkey_id>/slot/", views.add_slot, name="passkey-slot"),
    path(f"{SETTINGS}<uuid:passkey_id>/notes/", views.open_notes, name="passkey-notes"),
    path(f"{SETTINGS}<uuid:passkey_id>/rename/", views.rename, name="passkey-rename"),
    path(f"{SETTINGS}<uuid:passkey_id>/remove/", views.remove, name="passkey-remove"),
]
