from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The person reads it in the mail that tells them."),
        widget=forms.TextInput(attrs={"autofocus": True, "class": "vTextField"}),
        error_messages={"required": _("Say why, as the person is told.")},
    )
