from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.activity import GROUPS

EARLIEST = date(2000, 1, 1)
LATEST = date(2200, 1, 1)


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": _("Enter a day such as 2026-03-31.")},
            **kwargs,
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        # The ends of the calendar overflow as soon as a time zone is applied to them.
        if day is not None and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError(_("Choose a day between the years 2000 and 2200."))
        return day


class ActivityFilter(forms.Form):
    group = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), *((name, group.title) for name, group in GROUPS.items())],
    )
    first_on = DayField(label=_("From"))
    last_on = DayField(label=_("To"))

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or self.cleaned_data
        first_on, last_on = chosen.get("first_on"), chosen.get("last_on")
        if first_on and last_on and first_on > last_on:
            self.add_error("last_on", _("The last day is before the first."))
        return chosen
