from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import NOT_DERIVED, FilledByScript
from accounts.slots.services import Presented
from keyslots import crypto
from keyslots.services import NewSlot

LONGEST_SLOT = 2048
MOST_NEW = 24


def name_field(**kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Name"),
        max_length=60,
        error_messages={"required": _("Enter a name, such as the place where you keep it.")},
        **kwargs,
    )


class NameForm(forms.Form):
    name = name_field()


class RecoverySlotForm(forms.Form):
    """A recovery key: its slot and its proof, both made by the page's script."""

    name = name_field(
        help_text=_("Where you keep it, such as “safe at home”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    slot = forms.CharField(widget=FilledByScript, required=False, max_length=LONGEST_SLOT)
    verifier = forms.CharField(widget=FilledByScript, required=False, max_length=64)
    new: NewSlot

    def clean(self) -> dict[str, Any]:
        try:
            posted = {name: self.data.get(name) for name in ("slot", "verifier")}
            self.new = _new_slot(
                json.loads(posted["slot"] or ""),
                name=str(self.cleaned_data.get("name", "")),
                verifier=posted["verifier"],
            )
        except ValueError:
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


class PassphraseForm(forms.Form):
    """The slot of a notes passphrase; there is no auth secret, as nobody signs in with it."""

    password_slot = forms.CharField(widget=FilledByScript, required=False, max_length=LONGEST_SLOT)
    slot: crypto.PasswordSlot

    def clean(self) -> dict[str, Any]:
        try:
            self.slot = crypto.parse_password_slot(json.loads(self.data.get("password_slot", "")))
        except ValueError:
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


class OlderSlotForm(forms.Form):
    """An earlier vault key wrapped under the current one; and again what opened the earlier one."""

    older = forms.CharField(widget=FilledByScript, required=False, max_length=LONGEST_SLOT)
    again = forms.CharField(widget=FilledByScript, required=False, max_length=LONGEST_SLOT)
    slot: crypto.AnySlot
    same: crypto.AnySlot | None = None

    def clean(self) -> dict[str, Any]:
        try:
            self.slot = crypto.parse_slot(json.loads(self.data.get("older", "")))
            if self.data.get("again"):
                self.same = crypto.parse_slot(json.loads(self.data["again"]))
        except ValueError:
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


class ReplacementForm(OlderSlotForm):
    """A new vault key: `older`, and `new_slots` as [{slot, name, verifier, passkey}]."""

    compromised = forms.UUIDField(widget=forms.HiddenInput)
    new_slots = forms.CharField(
        widget=FilledByScript, required=False, max_length=LONGEST_SLOT * MOST_NEW
    )
    new: list[Presented]

    def clean(self) -> dict[str, Any]:
        super().clean()
        try:
            self.new = [
                Presented(
                    _new_slot(each["slot"], name=each["name"], verifier=each["verifier"]),
                    UUID(each["passkey"]) if each.get("passkey") else None,
                )
                for each in json.loads(self.data.get("new_slots", ""))[:MOST_NEW]
            ]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data


def _new_slot(posted: object, *, name: object, verifier: object) -> NewSlot:
    slot = crypto.parse_slot(posted)
    proof = crypto.parse_verifier(verifier) if slot.kind == crypto.RECOVERY else b""
    return NewSlot(slot, str(name)[:60], proof)
