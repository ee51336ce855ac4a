from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications import kinds, outward
from notifications.models import NoticeEndpoint
from notifications.services import Choice

LABELS = {kinds.IN_APP: _("Here"), kinds.MAIL: _("By mail"), kinds.HOOK: _("By web address")}


class PreferencesForm(forms.Form):
    """One box per kind and channel. A locked box is shown checked and is not read."""

    def __init__(
        self,
        choices: Iterable[Choice],
        posted: Mapping[str, Any] | None = None,
        *,
        channels: tuple[str, ...] = kinds.CHANNELS,
    ) -> None:
        super().__init__(posted)
        self.channels = channels
        self.choices = list(choices)
        for choice in self.choices:
            for channel in self.channels:
                self.fields[f"{choice.kind.name}-{channel}"] = forms.BooleanField(
                    label=LABELS[channel],
                    required=False,
                    initial=getattr(choice, channel),
                    disabled=choice.kind.is_locked(channel),
                )

    def wanted(self) -> dict[str, frozenset[str]]:
        """The channels that are checked, by kind."""
        return {
            choice.kind.name: frozenset(
                channel
                for channel in self.channels
                if self.cleaned_data[f"{choice.kind.name}-{channel}"]
            )
            for choice in self.choices
        }

    def rows(self) -> list[dict[str, object]]:
        return [
            {
                "kind": choice.kind,
                "is_mail_locked": choice.is_mail_locked,
                "boxes": [self[f"{choice.kind.name}-{channel}"] for channel in self.channels],
            }
            for choice in self.choices
        ]


class EndpointForm(forms.Form):
    """Where somebody wants their notices sent. What is kept is never shown again."""

    way = forms.ChoiceField(
        label=_("Kind"), choices=NoticeEndpoint.Way, widget=forms.RadioSelect, initial="ntfy"
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=outward.LONGEST_URL,
        help_text=_("Of your ntfy topic, or of the program that takes a webhook."),
        error_messages={"required": _("Enter the address, like https://ntfy.sh/your-topic.")},
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
