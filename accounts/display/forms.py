from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import CodeGrouping, User
from accounts.models.user import ClipboardSeconds, RevealSeconds

AS_THE_SERVER = ("", _("As the server"))
# Names of offsets, old spellings and machines; people live in the others.
ODD_AREAS = {"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico", "posix", "right"}


def time_zones() -> list[str]:
    """The names of places people live in, such as Europe/Paris, and UTC."""
    areas = (name for name in zoneinfo.available_timezones() if "/" in name)
    return ["UTC", *sorted(name for name in areas if name.partition("/")[0] not in ODD_AREAS)]


class DisplayForm(forms.Form):
    """How dates, words and codes are shown to one person."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    code_grouping = forms.ChoiceField(
        label=_("Codes"), choices=CodeGrouping, widget=forms.RadioSelect
    )
    hides_codes = forms.BooleanField(
        label=_("Hide codes until they are asked for"),
        required=False,
        help_text=_(
            "So that nobody reads them over your shoulder. A click copies without showing."
        ),
    )
    reveal_seconds = forms.TypedChoiceField(
        label=_("A code that was asked for is shown for"), choices=RevealSeconds, coerce=int
    )
    clipboard_seconds = forms.TypedChoiceField(
        label=_("A copied code leaves the clipboard after"), choices=ClipboardSeconds, coerce=int
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User) -> None:
        kept = {name: getattr(user, name) for name in self.base_fields}
        super().__init__(data, initial=kept)
        languages: Any = self.fields["language"]
        languages.choices = [AS_THE_SERVER, *settings.LANGUAGES]
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]
        zones: Any = self.fields["time_zone"]
        zones.choices = [AS_THE_SERVER, *((name, _spoken(name)) for name in time_zones())]


def _spoken(name: str) -> str:
    return name.replace("_", " ")
