from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import FilledByScript
from accounts.models import User
from exports import choosing
from exports.catalogue import (
    COMPATIBLE_STEAM,
    EVERYTHING,
    EXACT_CELLS,
    FORMATS,
    LAYOUT,
    PDF,
    ExportFormat,
)
from exports.choosing import Choice
from vault.formats import qr_sheet
from vault.models import Category

SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 1024
PASSPHRASE, OWN, NONE = "passphrase", "own", "none"


class ChoiceForm(forms.Form):
    """Which entries, in which format; sent as the address, as nothing in it is secret."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[(each.name, each.title) for each in FORMATS.values()],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a format."),
            "invalid_choice": _("Choose one of these formats."),
        },
    )
    what = forms.ChoiceField(label=_("Codes"), widget=forms.RadioSelect)
    category = forms.ModelMultipleChoiceField(
        label=_("Categories"),
        queryset=Category.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    compatible_steam = forms.BooleanField(
        label=_("Steam codes for apps without a Steam type"),
        help_text=_("Written as ordinary codes with marks that FreeOTP, Stratum and 2FAuth know."),
        required=False,
    )
    exact_cells = forms.BooleanField(
        label=_("Exact cells, for machines"),
        help_text=_(
            "Without it a cell that a spreadsheet would run as a formula gets an apostrophe in"
            " front, which AuthNode takes away again when it reads the file."
        ),
        required=False,
    )
    everything = forms.BooleanField(
        label=_("Also codes that Google Authenticator itself shows wrongly"),
        help_text=_("It takes every code for six digits of SHA-1. Other apps read more."),
        required=False,
    )
    layout = forms.ChoiceField(
        label=_("Codes on a page"),
        choices=[
            ("3", _("3 columns (15)")),
            ("2", _("2 columns (8)")),
            ("1", _("1 column (5)")),
            ("large", _("One large code")),
        ],
        required=False,
    )

    def __init__(
        self, *args: Any, owner: User, selected: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.selected = tuple(selected)
        own = Category.objects.for_owner(owner).in_order()
        cast("forms.ModelMultipleChoiceField", self.fields["category"]).queryset = own
        choices = [(choosing.ALL, _("All codes")), (choosing.FAVOURITES, _("Favourites"))]
        if own:
            choices.append((choosing.CATEGORIES, _("Those in categories")))
        if selected:
            choices.insert(0, (choosing.SELECTED, _("Those selected in the list")))
        cast("forms.ChoiceField", self.fields["what"]).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("what") == choosing.CATEGORIES and not cleaned.get("category"):
            self.add_error("category", _("Choose one category or more."))
        return cleaned

    @property
    def choice(self) -> Choice:
        chosen = self.cleaned_data
        kind = FORMATS[chosen["format"]]
        ids: tuple[str, ...] = ()
        if chosen["what"] == choosing.CATEGORIES:
            ids = tuple(str(category.pk) for category in chosen["category"])
        elif chosen["what"] == choosing.SELECTED:
            ids = self.selected
        return Choice(
            chosen["format"],
            what=chosen["what"],
            ids=ids,
            compatible_steam=COMPATIBLE_STEAM in kind.options and chosen["compatible_steam"],
            exact_cells=EXACT_CELLS in kind.options and chosen["exact_cells"],
            is_strict=not (EVERYTHING in kind.options and chosen["everything"]),
            layout=(chosen["layout"] or "3") if LAYOUT in kind.options else "3",
        )


class ProtectionForm(forms.Form):
    """The password of the file, or that there is to be none.

    The field for an own password has no name: the page's script tries it against the account's
    key slots first, and puts it into `password` only when it opens none of them.
    """

    protection = forms.ChoiceField(
        choices=[(PASSPHRASE, ""), (OWN, ""), (NONE, "")],
        error_messages={"required": _("Choose whether the file gets a password.")},
    )
    passphrase = forms.CharField(required=False, strip=False, max_length=LONGEST_PASSWORD)
    password = forms.CharField(
        widget=FilledByScript, required=False, strip=False, max_length=LONGEST_PASSWORD
    )
    understood = forms.BooleanField(required=False)
    with_notes = forms.BooleanField(required=False)

    def __init__(self, *args: Any, kind: ExportFormat, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    @property
    def file_password(self) -> str | None:
        """The password of the file; None for a file that anybody can read."""
        chosen = self.cleaned_data["protection"]
        if chosen == NONE:
            return None
        password: str = self.cleaned_data["password" if chosen == OWN else "passphrase"]
        return password

    @property
    def has_notes(self) -> bool:
        return bool(self.cleaned_data["with_notes"]) and self.kind.takes_notes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "protection" not in cleaned:
            return cleaned
        if cleaned["protection"] == NONE:
            if not cleaned.get("understood"):
                self.add_error(
                    "understood", _("Say that you understand, or give the file a password.")
                )
            return cleaned
        self._check_password(self.file_password or "")
        return cleaned

    def _check_password(self, password: str) -> None:
        if len(password) < SHORTEST_PASSWORD:
            self.add_error("protection", _("A password of a file has 15 characters or more."))
        elif self.kind.sealing == PDF and len(password.encode()) > qr_sheet.MAX_PASSWORD_BYTES:
            self.add_error("protection", _("A PDF takes a password of 127 bytes at most."))
