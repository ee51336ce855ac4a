from __future__ import annotations

from django.urls import include, path

from accounts.views import account, invitations, second_factor, settings, sign_in, sign_up

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/parameters/", sign_in.sign_in_parameters, name="sign-in-parameters"),
    path("sign-in/factor/", second_factor.second_factor, name="second-factor"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("sign-up/", sign_up.landing, name="sign-up"),
    path("sign-up/link/", sign_up.open_link, name="sign-up-link"),
    path("sign-up/request/", sign_up.request_link, name="sign-up-request"),
    path("sign-up/account/", sign_up.account, name="sign-up-account"),
    path("confirm/", account.confirm, name="confirm"),
    path("settings/", account.show_profile, name="profile"),
    path("settings/security/", settings.security, name="security"),
    path("settings/security/enrol/", second_factor.enrol, name="enrol"),
    path(
        "settings/security/browsers/<uuid:browser_id>/distrust/",
        settings.distrust,
        name="distrust-browser",
    ),
    path("", include("accounts.totp.urls")),
    path("", include("accounts.help.urls")),
    path("", include("accounts.display.urls")),
    path("", include("accounts.passkeys.urls")),
    path("", include("accounts.oidc.urls")),
    path("", include("accounts.slots.urls")),
    path("", include("accounts.reset.urls")),
    path("settings/security/password/", account.change_password, name="password"),
    path("settings/security/vault-key/", account.vault_key, name="vault-key"),
    path("settings/delete/", account.delete, name="delete"),
    path("invitations/", invitations.invitations, name="invitations"),
    path(
        "invitations/<uuid:token_id>/withdraw/",
        invitations.withdraw,
        name="withdraw-invitation",
    ),
]
