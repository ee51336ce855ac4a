from __future__ import annotations

from typing import Any

from django import forms

from accounts.credentials import CredentialsRefused, read_auth_secret
from accounts.forms import NOT_DERIVED, FilledByScript, NewPasswordForm


class ResetForm(NewPasswordForm):
    """New credentials and, where a notes recovery key was typed, the proof that it was."""

    recovery_proof = forms.CharField(widget=FilledByScript, required=False, max_length=64)
    recovery: bytes | None = None

    def clean(self) -> dict[str, Any]:
        super().clean()
        if self.data.get("recovery_proof"):
            try:
                self.recovery = read_auth_secret(self.data, "recovery_proof")
            except CredentialsRefused:
                raise forms.ValidationError(NOT_DERIVED) from None
        return self.cleaned_data
