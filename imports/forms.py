from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from imports import titles
from imports.files import MOST_BYTES, MOST_FILES
from imports.head import Head
from vault.forms import QUIET, SeveralFilesInput

LONGEST_PASSWORD = 1024


class FilesField(forms.FileField):
    """One or more uploaded files, cleaned to a list."""

    widget = SeveralFilesInput()

    def clean(self, value: Any, initial: Any = None) -> list[Any]:
        files = value if isinstance(value, list) else [value] if value else []
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("Choose at most 20 files at once."), code="many")
        if sum(file.size for file in files) > MOST_BYTES:
            raise forms.ValidationError(_("The files are larger than 5 MB together."), code="large")
        return files


class UploadForm(forms.Form):
    sources = FilesField(
        label=_("Files"), error_messages={"required": _("Choose a file to import.")}
    )
    format = forms.ChoiceField(
        label=_("Made by"),
        required=False,
        help_text=_("Leave it at “Find out” unless a file is not recognised."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"].choices = [  # type: ignore[attr-defined]
            ("", _("Find out from the file")),
            *titles.choices(),
        ]


class PasswordsForm(forms.Form):
    """One password for each file that needs one, and what the file is if that is in doubt."""

    def __init__(self, *args: Any, head: Head, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbers = [n for n, file in enumerate(head.locked) if file.needs_password]
        for number in self.numbers:
            file = head.locked[number]
            self.fields[f"password_{number}"] = forms.CharField(
                label=_("Password of %(name)s") % {"name": file.name},
                max_length=LONGEST_PASSWORD,
                strip=False,
                widget=forms.PasswordInput(attrs={**QUIET, "autocomplete": "off"}),
                help_text=self._hint(file.format),
                error_messages={"required": _("Type the password of this file.")},
            )

    def passwords(self) -> dict[int, str]:
        return {number: self.cleaned_data[f"password_{number}"] for number in self.numbers}

    @staticmethod
    def _hint(name: str) -> str:
        if name in titles.OF_NO_ONE_APP:
            return str(_("The one that was chosen when the file was made."))
        hint = _("The one you chose in %(app)s for the export or its backups.")
        return str(hint) % {"app": titles.title_of(name)}
