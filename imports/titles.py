"""What the formats are called to people; the names of apps are not translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from vault.formats import detection

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PICTURES = "pictures"

TITLES: dict[str, StrPromise | str] = {
    "aegis": "Aegis",
    "andotp": "andOTP",
    "authnode": "AuthNode",
    "container": _("AuthNode, protected file"),
    "authy": "Authy",
    "battlenet": "Battle.net",
    "bitwarden": "Bitwarden",
    "csv": _("Table (CSV)"),
    "duo": "Duo Mobile",
    "2fas": "2FAS",
    "2fauth": "2FAuth",
    "ente": "Ente Auth",
    "freeotp": "FreeOTP, FreeOTP+",
    "lastpass": "LastPass Authenticator",
    "plaintext": _("Links (otpauth://)"),
    "proton": "Proton Authenticator",
    "raivo": "Raivo OTP (JSON)",
    "zip": _("ZIP: QR codes, Raivo OTP, Authenticator Plus, WinAuth"),
    "sqlite": _("Google or Microsoft Authenticator, Stratum: database of the phone"),
    "steam": "Steam",
    "stratum": "Stratum, Authenticator Pro",
    "totp_authenticator": "TOTP Authenticator",
    "winauth": "WinAuth",
    PICTURES: _("QR codes"),
}

# Made by several: their titles name no app whose password it could be.
OF_NO_ONE_APP = frozenset({"container", "zip"})


def title_of(name: str) -> str:
    return str(TITLES.get(name, name))


def choices() -> list[tuple[str, str]]:
    """All formats a person may say a file is of, by their titles."""
    named = [(name, title_of(name)) for name in detection.FORMATS]
    return sorted(named, key=lambda choice: choice[1].casefold())
