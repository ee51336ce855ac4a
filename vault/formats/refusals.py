"""Why a text or an entry of a file is not taken.

A refusal carries a short reason, which the pages translate, and an English sentence.
It may name the issuer and the account, so that a person finds the entry again, and
never the secret or any piece of the text that was read.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_SHOWN_LENGTH = 100

SENTENCES = {
    "not a URI": "This is not an otpauth:// link.",
    "too long": "The link is longer than any real one.",
    "too many": "There are more entries than can be read at once.",
    "type": "This is not a kind of code that can be kept: only TOTP, HOTP and Steam.",
    "empty secret": "The secret is empty.",
    "secret": "The secret is too long or not Base32 (A to Z and 2 to 7).",
    "algorithm": "The algorithm is unknown: only SHA1, SHA256 and SHA512.",
    "digits": "A code has 1 to 10 digits.",
    "period": "The period is a whole number of seconds from 1 to 2147483.",
    "counter": "The counter is a whole number from 0.",
    "text": "The issuer or the account name cannot be read or is too long.",
    "note": "The note is longer than any that can be kept.",
    "migration": "The Google Authenticator export is damaged or incomplete.",
    "several": "This is a Google Authenticator export with several accounts.",
    "too large": "The file is larger than any real export.",
    "damaged": "The file is damaged, cut short or not of this format.",
    "password needed": "The file is protected: its password is needed.",
    "wrong password": "The password is wrong, or the file is damaged.",
    "too expensive": "The file asks for more work to open it than is allowed.",
    "too much memory": "The file asks for more memory to open it than is allowed here.",
    "unknown format": "This is not a file of a known authenticator app.",
    "restricted": "The export is bound to the account and opens nowhere else.",
    "nothing inside": "There is no second factor in the file.",
    "deleted": "It had been deleted in the app it comes from.",
    "no code": "No QR code can be read in this picture.",
    "no secret": "The app keeps the secret of this entry elsewhere: the file does not hold it.",
}


class FormatRefusal(ValueError):
    """The text is not taken; `reason` is a key of SENTENCES, str() its English sentence."""

    def __init__(self, reason: str, *, issuer: str = "", name: str = "") -> None:
        super().__init__(SENTENCES[reason])
        self.reason = reason
        # They go into lists and audit records, so a name refused for its length is cut.
        self.issuer = issuer[:MAX_SHOWN_LENGTH]
        self.name = name[:MAX_SHOWN_LENGTH]


class TooLarge(FormatRefusal):
    """More bytes than a reader of files takes."""

    def __init__(self) -> None:
        super().__init__("too large")


class Damaged(FormatRefusal):
    """Not of this format, or no longer."""

    def __init__(self) -> None:
        super().__init__("damaged")


class PasswordNeeded(FormatRefusal):
    """The file is protected and no password was given."""

    def __init__(self) -> None:
        super().__init__("password needed")


class WrongPassword(FormatRefusal):
    """Nothing in the file opens with the password; a damaged file looks the same."""

    def __init__(self) -> None:
        super().__init__("wrong password")


class TooExpensive(FormatRefusal):
    """The file names a cost of its key derivation beyond what is allowed."""

    def __init__(self) -> None:
        super().__init__("too expensive")


class TooMuchMemory(FormatRefusal):
    """Opening the file takes more memory than this machine gives to it."""

    def __init__(self) -> None:
        super().__init__("too much memory")


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """One entry that was left out while the others of the same source were read."""

    reason: str
    issuer: str = ""
    name: str = ""
    # Line of the text or number of the entry, from 1.
    place: int = 0

    @classmethod
    def of(cls, refusal: FormatRefusal, *, place: int) -> RefusedEntry:
        return cls(refusal.reason, refusal.issuer, refusal.name, place)

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]
