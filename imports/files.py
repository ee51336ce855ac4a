"""Uploaded files, looked at: which app each is from, what it holds, and which needs a password.

All links and all QR codes of an upload are read as one list, so that the parts of an export of
Google Authenticator find together, whatever files they came in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imports import titles
from vault import qr
from vault.formats import detection, otpauth_list
from vault.formats.pieces import text_in
from vault.formats.reading import Read
from vault.formats.refusals import FormatRefusal, PasswordNeeded
from vault.reading import PICTURE_SENTENCES
from vault.refusals import sentence_for

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MOST_FILES = 20
# All uploads of one request together; the limits of a request are a little higher.
MOST_BYTES = 5 * 1024 * 1024
# For all pictures of an upload; the first of them may take the half.
PICTURE_SECONDS = 8.0

_PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_LINKS = otpauth_list.name


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it was handed in, with the format it is of as far as that is known."""

    name: str
    content: bytes = field(repr=False)
    format: str = ""
    # Opened with a password, or only in a process apart.
    is_locked: bool = False
    needs_password: bool = False


@dataclass(frozen=True, slots=True)
class FileRefused:
    name: str
    sentence: StrPromise


@dataclass(slots=True)
class Looked:
    """What came of looking at an upload: readings, files to be opened apart, and refusals."""

    files: list[GivenFile] = field(default_factory=list)
    reads: list[tuple[str, Read]] = field(default_factory=list)
    refused: list[FileRefused] = field(default_factory=list)

    @property
    def locked(self) -> list[GivenFile]:
        return [file for file in self.files if file.is_locked]

    @property
    def has_accounts(self) -> bool:
        return any(read.accounts for _name, read in self.reads)


def look(files: Iterable[GivenFile]) -> Looked:
    """Read what can be read at once. `format` of a file, if given, is believed."""
    looked = Looked()
    texts: list[str] = []
    from_pictures = False
    pictures_until = time.monotonic() + PICTURE_SECONDS
    for file in files:
        try:
            if is_picture(file.content):
                texts += _read_picture(file.content, pictures_until)
                from_pictures = True
            else:
                _look_at(file, looked, texts)
        except qr.PictureRefusal as refusal:
            looked.refused.append(FileRefused(file.name, PICTURE_SENTENCES[type(refusal)]))
        except FormatRefusal as refusal:
            looked.refused.append(FileRefused(file.name, sentence_of(refusal.reason)))
    if texts:
        kind = titles.PICTURES if from_pictures else _LINKS
        _read_links(texts, kind, looked)
    return looked


def is_picture(content: bytes) -> bool:
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(_PICTURE_MAGIC)


def sentence_of(reason: str) -> StrPromise:
    return sentence_for(reason)


def _look_at(file: GivenFile, looked: Looked, texts: list[str]) -> None:
    name = file.format or detection.detect(file.content)
    if name not in detection.FORMATS:
        raise FormatRefusal("unknown format")
    if name == _LINKS:
        texts.append(text_in(file.content))
        return
    kind = detection.FORMATS[name]
    if kind.is_apart(file.content):
        needs_password = kind.needs_password(file.content)
        looked.files.append(GivenFile(file.name, file.content, name, True, needs_password))
        return
    try:
        read = detection.read(file.content, name=name)
    except PasswordNeeded:
        looked.files.append(
            GivenFile(file.name, file.content, name, is_locked=True, needs_password=True)
        )
        return
    if not read.accounts and not read.refused:
        raise FormatRefusal("nothing inside")
    looked.reads.append((name, read))


def _read_picture(content: bytes, until: float) -> list[str]:
    left = until - time.monotonic()
    return qr.read(content, seconds=max(min(qr.SEARCH_SECONDS, left / 2), 0.2))


def _read_links(texts: list[str], kind: str, looked: Looked) -> None:
    # A code photographed twice is one account.
    unique = "\n".join(dict.fromkeys(texts))
    try:
        read = otpauth_list.read(unique.encode("utf-8", "surrogatepass"))
    except FormatRefusal as refusal:
        looked.refused.append(FileRefused("", sentence_of(refusal.reason)))
        return
    looked.reads.append((kind, read))


def refused_labels(reads: Iterable[tuple[str, Read]]) -> Iterator[tuple[str, str]]:
    """What was not taken of some readings, by label and reason."""
    for _name, read in reads:
        for row in read.refused:
            yield row.label, row.reason.reason
