from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from accounts.credentials import (
    CredentialsRefused,
    NewCredentials,
    read_auth_secret,
    read_new,
)
from accounts.models import User

NOT_DERIVED = _(
    "Your browser sent the form before it had turned your password into keys. Nothing was kept;"
    " load the page again and allow JavaScript."
)


class FilledByScript(forms.HiddenInput):
    """A hidden field that the page's script fills; what was posted in it is never sent back."""

    def format_value(self, value: Any) -> None:
        return None


def address_field(**kwargs: Any) -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        error_messages={
            "required": _("Enter an e-mail address."),
            "invalid": _("Enter an e-mail address like name@example.com."),
        },
        **kwargs,
    )


class AuthSecretForm(forms.Form):
    """An auth secret, which is in `secret` once the form is valid.

    The password field of the page has no name and is never posted.
    """

    auth_secret = forms.CharField(widget=FilledByScript, required=False, max_length=64)
    next = forms.CharField(widget=forms.HiddenInput, required=False, max_length=500)
    secret: bytes

    def clean(self) -> dict[str, Any]:
        super().clean()
        try:
            self.secret = read_auth_secret(self.data)
        except CredentialsRefused:
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


class SignInForm(AuthSecretForm):
    email = address_field(
        widget=forms.EmailInput(attrs={"autocomplete": "username webauthn", "autofocus": True})
    )

    def clean_email(self) -> str:
        return addresses.normalise(self.cleaned_data["email"])


class NewPasswordForm(forms.Form):
    """The two hidden fields of a chosen password; `credentials` is what they hold."""

    new_auth_secret = forms.CharField(widget=FilledByScript, required=False, max_length=64)
    password_slot = forms.CharField(widget=FilledByScript, required=False, max_length=2048)
    credentials: NewCredentials

    def clean(self) -> dict[str, Any]:
        super().clean()
        try:
            self.credentials = read_new(self.data)
        except CredentialsRefused:
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


class PasswordForm(NewPasswordForm, AuthSecretForm):
    """A change of password: the auth secret of the old one and the credentials of the new."""


class SignUpForm(NewPasswordForm):
    email = address_field(widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    display_name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        required=False,
        help_text=_("Shown to you, and to the people you invite."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("email", "display_name")

    def __init__(self, *args: Any, fixed_email: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed_email:
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _("The invitation is for this address.")
            self.initial["email"] = fixed_email


class AddressForm(forms.Form):
    email = address_field(widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class InvitationForm(AddressForm):
    makes_operator = forms.BooleanField(
        label=_("As an operator"),
        required=False,
        help_text=_("Operators invite people and see the administration, never anybody's codes."),
    )


class ProfileForm(AddressForm):
    display_name = forms.CharField(
        label=_("Your name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("display_name", "email")

    def clean_email(self) -> str:
        # What is kept is judged: one spelling of many may be longer, or no address at all.
        return str(self.fields["email"].clean(addresses.normalise(self.cleaned_data["email"])))


class DeletionForm(forms.Form):
    email = forms.CharField(
        label=_("Type your e-mail address to confirm"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Type your e-mail address to confirm.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        email = addresses.normalise(self.cleaned_data["email"])
        if email != self.user.email:
            raise forms.ValidationError(_("This is not the address of this account."))
        return email
