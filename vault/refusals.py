from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# In the order and with the reasons of `vault.formats.refusals`, which knows no translation.
FORMAT_SENTENCES: dict[str, StrPromise] = {
    "not a URI": _("This is not a second-factor code: it does not start with otpauth://."),
    "too long": _("This is longer than any second-factor code is."),
    "too many": _("These are more codes than can be added at once. Add them in parts."),
    "type": _("This is not a kind of code that AuthNode knows: only TOTP, HOTP and Steam."),
    "empty secret": _("The secret is empty."),
    "secret": _("The secret is not valid Base32. It holds only the letters A to Z and 2 to 7."),
    "algorithm": _("The algorithm is unknown. Services use SHA-1, SHA-256 or SHA-512."),
    "digits": _("A code has 6 to 10 digits."),
    "period": _(
        "The period is a whole number of seconds from 1 to 2147483. Nearly always it is 30."
    ),
    "counter": _("The counter is a whole number, 0 or more."),
    "text": _("The issuer or the account name is too long or cannot be read."),
    "note": _("The note is longer than any that can be kept."),
    "migration": _("The export of Google Authenticator is damaged or cut short."),
    "several": _("This is an export with several accounts. Add it as a picture or as text."),
    "too large": _("The file is larger than any export is. Is it the right one?"),
    "damaged": _("The file is damaged, cut short, or of another kind than it seems."),
    "password needed": _("The file is protected. Type the password it was made with."),
    "wrong password": _("The password is wrong, or the file is damaged."),
    "too expensive": _("The file asks for more work to open it than this site allows."),
    "too much memory": _(
        "Opening the file takes more memory than this site gives to it. Its operator can raise"
        " the limit (IMPORT_MEMORY_MIB)."
    ),
    "unknown format": _("This is not a file of an authenticator app that AuthNode knows."),
    "restricted": _(
        "This export opens only in the account it comes from. Make another one in Bitwarden:"
        " with the kind “password protected”, or as plain JSON."
    ),
    "nothing inside": _("There is no second factor in the file."),
    "deleted": _("It lay in the trash of the app it comes from."),
    "no code": _("No QR code can be read in this picture."),
    "no secret": _("The file does not hold its secret: the app keeps it elsewhere."),
}


def sentence_for(reason: str) -> StrPromise:
    """What to tell a person about a refusal of `vault.formats`."""
    return FORMAT_SENTENCES[reason]


class VaultRefusal(Exception):
    """A deed in the vault that is refused; `sentence` says why to the person."""

    sentence: ClassVar[StrPromise]

    def __str__(self) -> str:
        return str(self.sentence)
