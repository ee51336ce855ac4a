from __future__ import annotations

from django.urls import path

from anomalies.views import history, verifying

app_name = "anomalies"
SIGN_INS = "settings/security/sign-ins"
urlpatterns = [
    path("sign-in/verify/", verifying.verify, name="verify"),
    path("sign-in/verify/mail/", verifying.mail, name="mail"),
    path("sign-in/verify/mail/send/", verifying.send_mail, name="send-mail"),
    path("sign-in/verify/hold/", verifying.hold, name="hold"),
    path("sign-in/held/", verifying.held, name="held"),
    path("sign-in/blocked/", verifying.blocked, name="blocked"),
    path("sign-in/new-password/", verifying.new_password, name="new-password"),
    path(f"{SIGN_INS}/", history.sign_ins, name="sign-ins"),
    path(f"{SIGN_INS}/address/", history.prove_address, name="address"),
    path(f"{SIGN_INS}/countries/", history.trust_country, name="trust-country"),
    path(f"{SIGN_INS}/places/<uuid:place_id>/", history.distrust, name="distrust"),
    path(f"{SIGN_INS}/mutes/<uuid:mute_id>/", history.unmute, name="unmute"),
    path(f"{SIGN_INS}/<uuid:attempt_id>/", history.sign_in, name="sign-in"),
    path(f"{SIGN_INS}/<uuid:attempt_id>/was-me/", history.was_me, name="was-me"),
    path(f"{SIGN_INS}/<uuid:attempt_id>/not-me/", history.not_me, name="not-me"),
    path(f"{SIGN_INS}/<uuid:attempt_id>/trust/", history.trust_place, name="trust-place"),
    path(f"{SIGN_INS}/<uuid:attempt_id>/mute/", history.mute, name="mute"),
]
