from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications import kinds
from notifications.services import Choice

LABELS = {kinds.IN_APP: _("Here"), kinds.MAIL: _("By mail")}


class PreferencesForm(forms.Form):
    """One box per kind and channel. A locked box is shown checked and is not read."""

    def __init__(self, choices: Iterable[Choice], posted: Mapping[str, Any] | None = None) -> None:
        super().__init__(posted)
        self.choices = list(choices)
        for choice in self.choices:
            for channel in kinds.CHANNELS:
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
                for channel in kinds.CHANNELS
                if self.cleaned_data[f"{choice.kind.name}-{channel}"]
            )
            for choice in self.choices
        }

    def rows(self) -> list[dict[str, object]]:
        return [
            {
                "kind": choice.kind,
                "is_mail_locked": choice.is_mail_locked,
                "boxes": [self[f"{choice.kind.name}-{channel}"] for channel in kinds.CHANNELS],
            }
            for choice in self.choices
        ]
