from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class Unrepeated(forms.TextInput):
    """A text field whose page never repeats what was typed: it may be a code that works."""

    def format_value(self, value: Any) -> None:
        return None


class TypedBackForm(forms.Form):
    """No length is asked for here: whatever is wrong with a code is answered in the same way."""

    code = forms.CharField(
        label=_("Backup sign-in code"),
        required=False,
        strip=False,
        help_text=_(
            "25 characters in five groups. Small letters, spaces and hyphens do not matter."
        ),
        widget=Unrepeated(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "mono",
            }
        ),
    )


class CodeForm(TypedBackForm):
    """The same where nothing is to be read before typing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The person reads it in the mail that tells them."),
        widget=forms.TextInput(attrs={"autofocus": True, "class": "vTextField"}),
        error_messages={"required": _("Say why, as the person is told.")},
    )
