from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Enter the code that your authenticator app shows.")},
    )


class SignInCodeForm(CodeForm):
    trust = forms.BooleanField(
        label=_("Do not ask on this browser for 30 days"),
        required=False,
        help_text=_("Only on a device that is yours alone."),
    )


class EnrolForm(CodeForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        required=False,
        help_text=_("To tell your apps apart, such as “Phone”."),
    )
    field_order = ("code", "name")


class RenameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=60, error_messages={"required": _("Enter a name.")}
    )
