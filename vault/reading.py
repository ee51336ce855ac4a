"""What people hand in, pictures or text, turned into accounts and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from vault import qr
from vault.formats import google_migration, uri_list
from vault.formats.account import OtpAccount
from vault.formats.reading import MissingParts
from vault.formats.refusals import FormatRefusal, RefusedEntry
from vault.refusals import VaultRefusal, sentence_for

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PICTURE_SENTENCES: dict[type[qr.PictureRefusal], StrPromise] = {
    qr.TooManyBytes: _("The picture is larger than 5 MB. Crop it to the QR code."),
    qr.TooManyPixels: _("The picture has more than 25 megapixels. Crop it to the QR code."),
    qr.NotAPicture: _("The file is not a whole PNG, JPEG, WebP or GIF picture."),
    qr.NoCode: _("No QR code was found in the picture. Make sure that it is whole and sharp."),
}
# The next frame is sharper than what a long search would find in this one.
FRAME_SECONDS = 0.3
NOT_A_SECOND_FACTOR = _("The QR code holds something else than a second factor.")


class NothingToRead(VaultRefusal):
    sentence = _("Paste one or more otpauth:// links, one on each line.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not added: what it is called, as far as known, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.what else self.why


@dataclass(frozen=True, slots=True)
class SeenCode:
    """The text of a QR code before a camera; an export may be spread over several codes.

    `export` is the same for all parts of one export, `part` counts from 1 to `parts`.
    """

    text: str = field(repr=False)
    is_account: bool
    export: int = 0
    part: int = 1
    parts: int = 1

    def as_json(self) -> dict[str, str | int | bool]:
        return asdict(self)


@dataclass(slots=True)
class Found:
    accounts: list[OtpAccount] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def read_text(text: str) -> Found:
    """Accounts of one or more links; raises NothingToRead for a text without any line."""
    if not text.strip():
        raise NothingToRead
    try:
        reading = uri_list.read(text)
    except FormatRefusal as refusal:
        return Found(refusals=[Refusal("", str(sentence_for(refusal.reason)))])
    is_single = text.strip().count("\n") == 0
    return _found(reading, [_named_line(row, is_single) for row in reading.refused])


def read_pictures(pictures: Iterable[tuple[str, bytes]]) -> Found:
    """Accounts of all QR codes in some pictures, each given by its name and its bytes."""
    texts: list[str] = []
    sources: list[str] = []
    refusals: list[Refusal] = []
    for name, picture in pictures:
        try:
            found = qr.read(picture)
        except qr.PictureRefusal as refusal:
            refusals.append(Refusal(name, str(PICTURE_SENTENCES[type(refusal)])))
            continue
        texts += found
        sources += [name] * len(found)
    # A code photographed twice is one account.
    by_text = dict(zip(reversed(texts), reversed(sources), strict=True))
    unique = list(dict.fromkeys(texts))
    reading = uri_list.read_uris(unique)
    names = [by_text[text] for text in unique]
    refusals += [_named_picture(row, names) for row in reading.refused]
    return _found(reading, refusals)


def read_frame(picture: bytes) -> list[SeenCode]:
    """The QR codes in one frame of a camera; most frames hold none."""
    try:
        texts = qr.read(picture, seconds=FRAME_SECONDS)
    except qr.PictureRefusal:
        return []
    return [_seen(text) for text in texts]


def _seen(text: str) -> SeenCode:
    start = text.lstrip()[:20].lower()
    if not start.startswith("otpauth-migration:"):
        return SeenCode(text, is_account=start.startswith("otpauth:"))
    try:
        batch = google_migration.read(text)
    except FormatRefusal:
        return SeenCode(text, is_account=True)
    return SeenCode(text, True, export=batch.id, part=batch.index + 1, parts=batch.size)


def _found(reading: uri_list.Reading, refusals: list[Refusal]) -> Found:
    missing = [_missing_sentence(parts) for parts in reading.missing]
    return Found(reading.accounts, refusals, missing)


def _named_line(row: RefusedEntry, is_single: bool) -> Refusal:
    line = "" if is_single else str(_("Line %(number)s")) % {"number": row.place}
    return Refusal(_name_of(row) or line, str(sentence_for(row.reason)))


def _named_picture(row: RefusedEntry, names: Sequence[str]) -> Refusal:
    why = sentence_for(row.reason)
    if not _name_of(row) and row.reason in ("not a URI", "type"):
        why = NOT_A_SECOND_FACTOR
    picture = names[row.place - 1] if 0 < row.place <= len(names) else ""
    return Refusal(_name_of(row) or picture, str(why))


def _name_of(row: RefusedEntry) -> str:
    if row.issuer and row.name:
        return f"{row.issuer} ({row.name})"
    return row.issuer or row.name


def _missing_sentence(parts: MissingParts) -> str:
    numbers = ", ".join(str(index + 1) for index in parts.indices)
    return ngettext(
        "Part %(numbers)s of %(size)s of this export is still missing. Add its picture too.",
        "Parts %(numbers)s of %(size)s of this export are still missing. Add their pictures too.",
        len(parts.indices),
    ) % {"numbers": numbers, "size": parts.size}
