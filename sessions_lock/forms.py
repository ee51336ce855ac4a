from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sessions_lock import operators, timeouts
from sessions_lock.models import LONGEST_MINUTES, SHORTEST_MINUTES, LockTimeout


def in_minutes(number: int) -> str:
    return ngettext("%(count)s minute", "%(count)s minutes", number) % {"count": number}


class TimeoutForm(forms.Form):
    """After how long without activity one's own sessions lock."""

    minutes = forms.TypedChoiceField(
        label=_("Lock after"),
        coerce=int,
        help_text=_("Without a key, a click or a touch. Longer asks for a confirmation first."),
    )

    def __init__(self, data: Any = None, *, row: LockTimeout | None) -> None:
        super().__init__(data, initial={"minutes": timeouts.shortest(row)})
        field: Any = self.fields["minutes"]
        field.choices = [(number, in_minutes(number)) for number in timeouts.offered(row)]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The people concerned read it in the mail that tells them."),
        widget=forms.TextInput(attrs={"autofocus": True, "class": "vTextField"}),
        error_messages={"required": _("Say why, as the people are told.")},
    )


class ExtensionForm(ReasonForm):
    minutes = forms.TypedChoiceField(
        label=_("Lock in"),
        coerce=int,
        choices=[(number, in_minutes(number)) for number in operators.EXTENSIONS],
        help_text=_("From now, without activity; never later than the session ends anyway."),
    )
    field_order = ("minutes", "reason")


class EverybodyForm(ReasonForm):
    is_sure = forms.BooleanField(
        label=_("End every session of the site, except the one I am using now"),
        error_messages={"required": _("Tick the box to confirm.")},
    )
    field_order = ("is_sure", "reason")


class LimitForm(forms.ModelForm):
    """An operator's limit of one person, with the reason that the person is told."""

    most_minutes = forms.IntegerField(
        label=_("At most"),
        required=False,
        min_value=SHORTEST_MINUTES,
        max_value=LONGEST_MINUTES,
        help_text=_("Minutes without activity. Empty: what the person chooses, within the site’s."),
    )
    reason = ReasonForm.base_fields["reason"]

    class Meta:
        model = LockTimeout
        fields = ("user", "most_minutes")
