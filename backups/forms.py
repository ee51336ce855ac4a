from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from backups import schedule
from backups.models import RestoreRun, RetentionPlan

# Cron's numbers, in the order of people's weeks.
WEEKDAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("0", _("Sunday")),
]
CHOSEN = re.compile(r"(?P<label>[A-Za-z_]+\.[A-Za-z_]+):(?P<key>[0-9A-Za-z-]{1,64})")


class CreateForm(forms.Form):
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("A line to find it by.")
    )


class PlanForm(forms.ModelForm):
    daily_on = forms.BooleanField(label=_("Every day"), required=False)
    daily_at = forms.TimeField(label=_("at"), widget=forms.TimeInput(attrs={"type": "time"}))
    weekly_on = forms.BooleanField(label=_("Every week"), required=False)
    weekly_day = forms.ChoiceField(label=_("on"), choices=WEEKDAYS)
    weekly_at = forms.TimeField(label=_("at"), widget=forms.TimeInput(attrs={"type": "time"}))

    class Meta:
        model = RetentionPlan
        fields = ("keep_all_days", "keep_weeks", "keep_months")
        widgets = {
            "keep_all_days": forms.NumberInput(attrs={"min": 1, "max": 3650}),
            "keep_weeks": forms.NumberInput(attrs={"min": 0, "max": 520}),
            "keep_months": forms.NumberInput(attrs={"min": 0, "max": 240}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        daily, weekly = schedule.get(schedule.DAILY), schedule.get(schedule.WEEKLY)
        kwargs["initial"] = {
            "daily_on": daily.is_on,
            "daily_at": f"{daily.at:%H:%M}",
            "weekly_on": weekly.is_on,
            "weekly_day": weekly.weekday,
            "weekly_at": f"{weekly.at:%H:%M}",
        }
        super().__init__(*args, **kwargs)
        # Without a backup of today nothing could be restored tomorrow.
        self.fields["keep_all_days"].min_value = 1  # type: ignore[attr-defined]

    def clean_keep_all_days(self) -> int:
        days = int(self.cleaned_data["keep_all_days"])
        if not 1 <= days <= 3650:
            raise forms.ValidationError(_("Between 1 and 3650 days."))
        return days

    def slots(self) -> dict[str, schedule.Slot]:
        chosen = self.cleaned_data
        return {
            schedule.DAILY: schedule.Slot(chosen["daily_on"], chosen["daily_at"]),
            schedule.WEEKLY: schedule.Slot(
                chosen["weekly_on"], chosen["weekly_at"], chosen["weekly_day"]
            ),
        }


class PrivateKeyForm(forms.Form):
    """With a field for the private key, where the server has none that opens the backup."""

    private_key = forms.CharField(
        label=_("Private key"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("x25519-private:… It is sealed, used once and wiped within 15 minutes."),
    )

    def __init__(self, *args: Any, asks_for_key: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_for_key:
            del self.fields["private_key"]

    @property
    def key(self) -> str:
        return str(self.cleaned_data.get("private_key", ""))


class WishForm(PrivateKeyForm):
    """What of a backup is wanted; the dry run shows what that means."""

    mode = forms.ChoiceField(
        label=_("What"),
        choices=RestoreRun.Mode.choices,
        initial=RestoreRun.Mode.MISSING,
        widget=forms.RadioSelect,
    )
    address = forms.EmailField(
        label=_("Address of the user"),
        required=False,
        help_text=_("For one user’s vault. Only that user’s entries, categories and notes."),
    )
    takes_backup_side = forms.BooleanField(
        label=_("Where something was changed or added here since, take the backup’s side"),
        required=False,
        help_text=_(
            "Otherwise what is newer here stays. Used codes, counters, factors, passwords and roles"
            " never go back in either case."
        ),
    )
    brought_back = forms.CharField(
        label=_("Bring back all the same"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Rows that a dry run lists as held back, one a line, such as accounts.Passkey:… Leave"
            " this empty unless you know why."
        ),
    )

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("mode") == RestoreRun.Mode.USER:
            address = self.cleaned_data.get("address", "")
            user = User.objects.filter(email__iexact=address).first() if address else None
            if user is None:
                self.add_error("address", _("Nobody here has this address."))
            else:
                self.cleaned_data["user"] = user.pk
        return self.cleaned_data

    def clean_brought_back(self) -> list[tuple[str, str]]:
        chosen = []
        for line in self.cleaned_data["brought_back"].split():
            match = CHOSEN.fullmatch(line)
            if match is None:
                raise forms.ValidationError(_("Each line is a model, a colon and a key."))
            chosen.append((match["label"], match["key"]))
        return chosen


class RestoreForm(PrivateKeyForm):
    name = forms.CharField(
        label=_("Name of the backup"), widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
