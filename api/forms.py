from __future__ import annotations

import ipaddress
import re
import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from api.models import LONGEST_NAME, Scope

DAYS = ((7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year")))
MOST_NETWORKS = 20
# Shorter ones than these hold so many addresses that they are hardly a bound.
SHORTEST_PREFIX = {4: 8, 6: 16}


class TokenForm(forms.Form):
    """What a new token may do, from where and for how long."""

    # Sent twice, the form makes one token: its id is chosen when the page is shown.
    token_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("What it is for, so that you know it again: “Backup script”."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": _("Enter a name for the token.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what the token may do.")},
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        choices=DAYS,
        coerce=int,
        initial=90,
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=1000,
        help_text=_(
            "Addresses or networks like 192.0.2.7 or 2001:db8::/48, one on each line. Left empty,"
            " it works from anywhere."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_networks(self) -> list[str]:
        words = [word for word in re.split(r"[\s,]+", self.cleaned_data["networks"]) if word]
        if len(words) > MOST_NETWORKS:
            raise forms.ValidationError(_("Enter 20 addresses or networks at most."))
        return list(dict.fromkeys(map(_network, words)))

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])

    @property
    def choice(self) -> dict[str, Any]:
        """What `services.make` takes of it."""
        chosen = self.cleaned_data
        parts = {name: chosen[name] for name in ("token_id", "name", "scopes", "networks")}
        return {**parts, "lifetime": self.lifetime}


def _network(word: str) -> str:
    try:
        parsed = ipaddress.ip_network(word, strict=False)
    except ValueError:
        sentence = _("“%(word)s” is not an address or a network.")
        raise forms.ValidationError(sentence, params={"word": word}) from None
    if parsed.prefixlen < SHORTEST_PREFIX[parsed.version]:
        sentence = _("“%(word)s” is nearly everywhere. Name a smaller network.")
        raise forms.ValidationError(sentence, params={"word": word})
    is_one = parsed.num_addresses == 1
    return str(parsed.network_address) if is_one else str(parsed)
