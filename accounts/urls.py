from __future__ import annotations

from django.urls import path

from accounts.views import account, invitations, sign_in, sign_up

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/parameters/", sign_in.sign_in_parameters, name="sign-in-parameters"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("sign-up/", sign_up.landing, name="sign-up"),
    path("sign-up/link/", sign_up.open_link, name="sign-up-link"),
    path("sign-up/request/", sign_up.request_link, name="sign-up-request"),
    path("sign-up/account/", sign_up.account, name="sign-up-account"),
    path("confirm/", account.confirm, name="confirm"),
    path("account/", account.show_profile, name="profile"),
    path("account/password/", account.change_password, name="password"),
    path("account/vault-key/", account.vault_key, name="vault-key"),
    path("account/delete/", account.delete, name="delete"),
    path("account/invitations/", invitations.invitations, name="invitations"),
    path(
        "account/invitations/<uuid:token_id>/withdraw/",
        invitations.withdraw,
        name="withdraw-invitation",
    ),
]
