"""The account every format is read into and written from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from core import otp
from vault.formats.refusals import FormatRefusal

TYPES = ("totp", "hotp", "steam")
MAX_COUNTER = (1 << 63) - 1
MAX_SECRET_BYTES = 1024
MAX_TEXT_LENGTH = 255
_LONGEST_TIDIED = 64 * 1024
MAX_NOTE_LENGTH = 100_000
MAX_PICTURE_BYTES = 64 * 1024

_ALGORITHM_PREFIXES = ("HMAC", "ALGORITHM.")
# Control characters, line and paragraph separators, lone surrogates: no issuer holds them,
# and databases, file formats and pages each stumble over another of them.
_UNFIT_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class OtpAccount:
    """One second-factor account. Construction refuses what no code can be made from.

    `period` counts seconds and serves TOTP and Steam; `counter` is the next one to use and
    serves HOTP. Steam fixes algorithm and digits, whatever a file says about them. `icon` and
    `tint` (0 for none) are what the owner chose and not what was found by the issuer; `picture` is
    a small PNG of the owner's own.
    """

    type: str
    secret: bytes = field(repr=False)
    issuer: str = ""
    name: str = ""
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    counter: int = 0
    note: str = field(default="", repr=False)
    favourite: bool = False
    categories: tuple[str, ...] = ()
    website: str = ""
    icon: str = ""
    tint: int = 0
    picture: bytes = field(default=b"", repr=False)
    # What else may stand beside a note: name, value and kind; code and the day it was used on.
    note_fields: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    note_codes: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.type == "steam":
            object.__setattr__(self, "algorithm", "SHA1")
            object.__setattr__(self, "digits", otp.STEAM_DIGITS)
        problem = self._problem()
        if problem:
            raise FormatRefusal(problem, issuer=tidy(self.issuer), name=tidy(self.name))

    def _problem(self) -> str:
        fits = {
            "type": self.type in TYPES,
            "secret": 1 <= len(self.secret) <= MAX_SECRET_BYTES,
            "algorithm": self.algorithm in otp.ALGORITHMS,
            "digits": otp.MIN_DIGITS <= self.digits <= otp.MAX_DIGITS,
            "period": 1 <= self.period <= otp.MAX_PERIOD,
            "counter": 0 <= self.counter <= MAX_COUNTER,
            "text": _is_fit(self.issuer) and _is_fit(self.name),
            "note": self._note_length <= MAX_NOTE_LENGTH,
        }
        return next((reason for reason, fit in fits.items() if not fit), "")

    @property
    def has_note(self) -> bool:
        return bool(self.note or self.note_fields or self.note_codes)

    @property
    def _note_length(self) -> int:
        rows = (*self.note_fields, *self.note_codes)
        return len(self.note) + sum(len(part) for row in rows for part in row)

    @property
    def is_hotp(self) -> bool:
        return self.type == "hotp"

    @property
    def is_steam(self) -> bool:
        return self.type == "steam"


def tidy(text: str) -> str:
    """One line of text without unfit characters and white space around it.

    What is longer than any name is cut: it stays longer than what is taken.
    """
    # Printable text holds nothing unfit; most names are, and this is asked of each.
    if text.isprintable():
        return text[:_LONGEST_TIDIED].strip()
    return "".join(
        " " if _is_unfit(character) else character for character in text[:_LONGEST_TIDIED]
    ).strip()


def split_label(label: str, issuer: str) -> tuple[str, str]:
    """Issuer and account name of a label such as `Issuer: name`; a given issuer wins.

    Cutting the given issuer first keeps issuers that hold a colon. A colon in a name
    without issuer cannot be told from the one after an issuer: the first one splits.
    """
    label, issuer = tidy(label), tidy(issuer)
    if issuer and label.startswith(f"{issuer}:"):
        return issuer, label[len(issuer) + 1 :].strip()
    prefix, colon, name = label.partition(":")
    if not colon:
        return issuer, label
    return issuer or prefix.strip(), name.strip()


def read_algorithm(text: str) -> str:
    """One of SHA1, SHA256, SHA512 for the spellings found in real files; blank is SHA1."""
    name = text.strip().upper().replace("-", "")
    for prefix in _ALGORITHM_PREFIXES:
        name = name.removeprefix(prefix)
    if not name:
        return "SHA1"
    if name not in otp.ALGORITHMS:
        raise FormatRefusal("algorithm")
    return name


def read_secret(text: str) -> bytes:
    """Bytes of a Base32 secret, refused by the reason "secret", or "empty secret" for none."""
    if not text.strip("= -\t\n\r"):
        raise FormatRefusal("empty secret")
    try:
        return otp.decode_base32(text)
    except otp.BadBase32:
        # The chain is cut so that no report of the error carries the text.
        raise FormatRefusal("secret") from None


def _is_unfit(character: str) -> bool:
    return unicodedata.category(character) in _UNFIT_CATEGORIES


def _is_fit(text: str) -> bool:
    if len(text) > MAX_TEXT_LENGTH:
        return False
    return text.isprintable() or not any(map(_is_unfit, text))
