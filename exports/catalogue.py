"""The formats of exports: what they are called, who reads them, what has no place in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from vault.formats import andotp, google_migration, qr_sheet
from vault.formats.account import OtpAccount

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# How a password seals a file: by the format's own encryption, or by one around it.
NATIVE, CONTAINER, PDF, ZIP = "native", "container", "pdf", "zip"

CATEGORIES, FAVOURITES, NOTES, LOOKS = "categories", "favourites", "notes", "looks"
LOSSES: Mapping[str, StrPromise] = {
    CATEGORIES: _("categories"),
    FAVOURITES: _("favourites"),
    NOTES: _("notes"),
    LOOKS: _("pictures, colours and websites"),
}
COMPATIBLE_STEAM, EXACT_CELLS, EVERYTHING, LAYOUT = (
    "compatible_steam",
    "exact_cells",
    "all",
    "layout",
)

MISFITS: Mapping[str, StrPromise] = {
    "type": _("This format does not know its kind of code."),
    "digits": _("This format does not know codes of this length."),
    "algorithm": _("This format does not know its algorithm."),
    "period": _("This format does not know codes that last this long."),
    "too long": _("It is too long for a QR code."),
    "secret": _("Its secret cannot be opened."),
}


def _fits(account: OtpAccount) -> str:
    del account
    return ""


@dataclass(frozen=True)
class ExportFormat:
    name: str
    title: StrPromise
    # One line on who reads it.
    readers: StrPromise
    media_type: str
    extension: str
    sealing: str
    keeps: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    # Made in the background, whatever its size.
    is_slow: bool = False
    # Its own encryption, or that of its ZIP, falls to a patient guesser.
    is_weak: bool = False
    sealed_media_type: str = "application/octet-stream"
    sealed_extension: str = "authnode"
    misfit: Callable[[OtpAccount], str] = _fits

    @property
    def losses(self) -> list[StrPromise]:
        """What it has no place for at all."""
        return [words for part, words in LOSSES.items() if part not in self.keeps]

    @property
    def takes_notes(self) -> bool:
        return NOTES in self.keeps


_WITH_ALL = frozenset(LOSSES)

FORMATS: Mapping[str, ExportFormat] = {
    each.name: each
    for each in (
        ExportFormat(
            "aegis",
            _("Aegis"),
            _("Aegis itself, Ente Auth, Stratum; plain files also 2FAuth."),
            "application/json",
            "json",
            NATIVE,
            keeps=frozenset({CATEGORIES, FAVOURITES, NOTES}),
            sealed_media_type="application/json",
            sealed_extension="json",
        ),
        ExportFormat(
            "andotp",
            _("andOTP"),
            _("andOTP, Aegis, Ente Auth, Stratum."),
            "application/json",
            "json",
            NATIVE,
            keeps=frozenset({CATEGORIES}),
            is_weak=True,
            sealed_extension="json.aes",
            misfit=andotp.misfit,
        ),
        ExportFormat(
            "csv",
            _("Table (CSV)"),
            _("Spreadsheets, password managers, your own scripts."),
            "text/csv; charset=utf-8",
            "csv",
            CONTAINER,
            keeps=frozenset({CATEGORIES, FAVOURITES}),
            options=frozenset({EXACT_CELLS}),
        ),
        ExportFormat(
            "plaintext",
            _("List of otpauth links"),
            _("Nearly every authenticator app, as “plain text”."),
            "text/plain; charset=utf-8",
            "txt",
            CONTAINER,
            options=frozenset({COMPATIBLE_STEAM}),
        ),
        ExportFormat(
            "google",
            _("Google Authenticator"),
            _("Google Authenticator and apps that read its transfer codes: QR codes of ten each."),
            "application/pdf",
            "pdf",
            PDF,
            options=frozenset({EVERYTHING}),
            is_slow=True,
            sealed_media_type="application/pdf",
            sealed_extension="pdf",
            misfit=google_migration.misfit,
        ),
        ExportFormat(
            "qrcodes",
            _("QR codes to print (PDF)"),
            _("Every app with a camera; paper in a safe."),
            "application/pdf",
            "pdf",
            PDF,
            keeps=frozenset({CATEGORIES}),
            options=frozenset({COMPATIBLE_STEAM, LAYOUT}),
            is_slow=True,
            sealed_media_type="application/pdf",
            sealed_extension="pdf",
            misfit=qr_sheet.misfit,
        ),
        ExportFormat(
            "qr-images",
            _("QR codes as pictures (ZIP)"),
            _("Every app that reads a QR code from a picture."),
            "application/zip",
            "zip",
            ZIP,
            keeps=frozenset({CATEGORIES}),
            options=frozenset({COMPATIBLE_STEAM}),
            is_weak=True,
            sealed_media_type="application/zip",
            sealed_extension="zip",
            misfit=qr_sheet.misfit,
        ),
        ExportFormat(
            "authnode",
            _("AuthNode"),
            _("AuthNode, here or elsewhere. Nothing is lost."),
            "application/json",
            "json",
            CONTAINER,
            keeps=_WITH_ALL,
        ),
    )
}
