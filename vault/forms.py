from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from vault import brands
from vault.formats.account import MAX_SECRET_BYTES, OtpAccount, read_secret, tidy
from vault.formats.refusals import FormatRefusal
from vault.models import (
    HIGHEST_COUNTER,
    LONGEST_CATEGORY,
    LONGEST_NAME,
    LONGEST_PERIOD,
    TINTS,
    Algorithm,
    Category,
    EntryType,
    OtpEntry,
)
from vault.refusals import sentence_for

if TYPE_CHECKING:
    from accounts.models import User

MOST_PICTURES = 10
QUIET = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """One or more uploaded pictures, cleaned to a list."""

    widget = SeveralFilesInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"})

    def clean(self, value: Any, initial: Any = None) -> list[Any]:
        files = value if isinstance(value, list) else [value] if value else []
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(files) > MOST_PICTURES:
            raise forms.ValidationError(_("Choose at most 10 pictures at once."), code="many")
        return files


class PictureForm(forms.Form):
    pictures = PicturesField(
        label=_("Pictures"),
        error_messages={"required": _("Choose a picture with a QR code.")},
    )


class TextForm(forms.Form):
    text = forms.CharField(
        label=_("Links"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={**QUIET, "rows": 4, "placeholder": "otpauth://totp/…", "wrap": "off"}
        ),
        help_text=_("otpauth:// or otpauth-migration:// links, one on each line."),
    )


class ParametersForm(forms.Form):
    """How codes are made: the part that adding, previewing and editing have in common."""

    type = forms.ChoiceField(label=_("Kind"), choices=EntryType.choices, initial=EntryType.TOTP)
    algorithm = forms.ChoiceField(
        label=_("Algorithm"),
        choices=Algorithm.choices,
        initial=Algorithm.SHA1,
        error_messages={"invalid_choice": sentence_for("algorithm")},
    )
    digits = forms.IntegerField(
        label=_("Digits"),
        initial=6,
        min_value=6,
        max_value=10,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), sentence_for("digits")
        ),
    )
    period = forms.IntegerField(
        label=_("Seconds each code lasts"),
        initial=30,
        min_value=1,
        max_value=LONGEST_PERIOD,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), sentence_for("period")
        ),
    )
    counter = forms.IntegerField(
        label=_("Next counter"),
        initial=0,
        min_value=0,
        max_value=HIGHEST_COUNTER,
        # Kept beside the field, to tell a number a person typed from one that grew meanwhile.
        show_hidden_initial=True,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), sentence_for("counter")
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # Steam fixes its digits and algorithm, whatever these fields say.
        if cleaned.get("type") == EntryType.STEAM:
            for name in ("digits", "algorithm"):
                self.errors.pop(name, None)
            cleaned |= {"digits": 5, "algorithm": Algorithm.SHA1}
        unused = "period" if cleaned.get("type") == EntryType.HOTP else "counter"
        if unused in self.errors:
            del self.errors[unused]
            cleaned[unused] = self.fields[unused].initial
        return cleaned


class SecretForm(ParametersForm):
    """A secret and how its codes are made: enough for a preview."""

    secret = forms.CharField(
        label=_("Secret"),
        widget=forms.TextInput(attrs={**QUIET, "class": "mono"}),
        help_text=_("The service shows it beside the QR code, often as “setup key”."),
        error_messages={"required": _("Enter the secret.")},
    )

    def clean_secret(self) -> bytes:
        text: str = self.cleaned_data["secret"]
        if "://" in text:
            raise forms.ValidationError(
                _("This is a link and not a secret. Paste it under “Paste a link”.")
            )
        try:
            secret = read_secret(text)
        except FormatRefusal as refusal:
            raise forms.ValidationError(sentence_for(refusal.reason)) from None
        if len(secret) > MAX_SECRET_BYTES:
            raise forms.ValidationError(sentence_for("too long"))
        return secret


class NamesForm(forms.Form):
    issuer = forms.CharField(
        label=_("Service"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Such as GitHub. Known services get their icon."),
        error_messages={"required": _("Enter the name of the service.")},
    )
    account_name = forms.CharField(
        label=_("Account"),
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs=QUIET),
        help_text=_("Your user name or e-mail address there."),
    )
    website = forms.URLField(
        label=_("Website"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.TextInput(attrs={**QUIET, "inputmode": "url"}),
        error_messages={"invalid": _("Enter a web address, such as https://example.com.")},
    )
    categories = forms.ModelMultipleChoiceField(
        label=_("Categories"),
        queryset=Category.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Category.objects.for_owner(owner).in_order()
        self.fields["categories"].queryset = mine  # type: ignore[attr-defined]

    def clean_issuer(self) -> str:
        return tidy(self.cleaned_data["issuer"])

    def clean_account_name(self) -> str:
        return tidy(self.cleaned_data["account_name"])


class ManualForm(NamesForm, SecretForm):
    """An account typed by hand."""

    ADVANCED = ("type", "algorithm", "digits", "period", "counter")

    @property
    def advanced_is_open(self) -> bool:
        """Does the part that is folded away hold an error, or anything unusual?"""
        noticed = {*self.errors, *(self.changed_data if self.is_bound else ())}
        return not noticed.isdisjoint(self.ADVANCED)

    def account(self) -> OtpAccount:
        cleaned = self.cleaned_data
        return OtpAccount(
            type=cleaned["type"],
            secret=cleaned["secret"],
            issuer=cleaned["issuer"],
            name=cleaned["account_name"],
            algorithm=cleaned["algorithm"],
            digits=cleaned["digits"],
            period=cleaned["period"],
            counter=cleaned["counter"],
            categories=tuple(category.name for category in cleaned["categories"]),
        )


class IconChoice(models.TextChoices):
    FITTING = "fitting", _("The one that fits the name of the service")
    BRAND = "brand", _("Another brand")
    INITIALS = "initials", _("Initials")


class ReplacementForm(SecretForm):
    """Another secret for an entry, and how its codes are made."""

    def __init__(self, *args: Any, entry: OtpEntry, **kwargs: Any) -> None:
        names = ("type", "algorithm", "digits", "period")
        kwargs["initial"] = {name: getattr(entry, name) for name in names} | {"counter": 0}
        super().__init__(*args, **kwargs)
        self.entry = entry

    def account(self) -> OtpAccount:
        cleaned = self.cleaned_data
        return OtpAccount(
            type=cleaned["type"],
            secret=cleaned["secret"],
            issuer=self.entry.issuer,
            name=self.entry.account_name,
            algorithm=cleaned["algorithm"],
            digits=cleaned["digits"],
            period=cleaned["period"],
            counter=cleaned["counter"],
        )


class EditForm(NamesForm, ParametersForm):
    icon_choice = forms.ChoiceField(
        label=_("Picture"), choices=IconChoice, widget=forms.RadioSelect, required=False
    )
    brand = forms.CharField(
        label=_("Brand"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs=QUIET),
        help_text=_("Its name, such as GitHub."),
    )
    tint = forms.TypedChoiceField(
        label=_("Colour"),
        choices=[("", _("By name")), *((number, number) for number in range(1, TINTS + 1))],
        coerce=int,
        required=False,
        empty_value=None,
        error_messages={"invalid_choice": _("Choose one of the colours.")},
    )

    def __init__(self, *args: Any, entry: OtpEntry, **kwargs: Any) -> None:
        initial = {
            name: getattr(entry, name)
            for name in (
                "issuer",
                "account_name",
                "website",
                "type",
                "algorithm",
                "digits",
                "period",
                "counter",
            )
        }
        initial["categories"] = [category.pk for category in entry.categories.all()]
        initial |= _looks_of(entry)
        super().__init__(*args, owner=entry.owner, initial=initial, **kwargs)
        # Files bring entries without issuer, and codes with fewer digits, that are right so.
        self.fields["issuer"].required = bool(entry.issuer)
        if entry.digits < 6:
            self._allow_digits(entry.digits)

    @property
    def chosen_icon(self) -> str | None:
        """The icon that was asked for; None for the one that fits the name."""
        choice = self.cleaned_data["icon_choice"]
        if choice == IconChoice.BRAND:
            return brands.slug_for(self.cleaned_data["brand"])
        return "" if choice == IconChoice.INITIALS else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_brand = cleaned.get("icon_choice") == IconChoice.BRAND
        if is_brand and not brands.slug_for(cleaned.get("brand", "")):
            self.add_error("brand", _("There is no icon of that name. Try a shorter one."))
        return cleaned

    def _allow_digits(self, least: int) -> None:
        field = forms.IntegerField(
            label=self.fields["digits"].label,
            min_value=least,
            max_value=10,
            error_messages=self.fields["digits"].error_messages,
        )
        self.fields["digits"] = field


def _looks_of(entry: OtpEntry) -> dict[str, Any]:
    choice = IconChoice.FITTING
    if entry.is_icon_chosen:
        choice = IconChoice.BRAND if entry.icon else IconChoice.INITIALS
    return {
        "icon_choice": choice,
        "brand": entry.icon if choice == IconChoice.BRAND else "",
        "tint": entry.tint if entry.is_tint_chosen else "",
    }


class CategoryForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_CATEGORY,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Enter a name for the category."),
            "max_length": _("The name of a category has at most 60 characters."),
        },
    )
    tint = forms.TypedChoiceField(
        label=_("Colour"),
        choices=[(number, number) for number in range(1, TINTS + 1)],
        coerce=int,
        required=False,
        empty_value=None,
        error_messages={"invalid_choice": _("Choose one of the colours.")},
    )
