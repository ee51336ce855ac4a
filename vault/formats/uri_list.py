"""Several URIs at once: pasted text, a list in a file, or all QR codes of some pictures.

Nothing is lost for one bad line: it is reported beside the accounts that were read. Parts
of a Google Authenticator export may come in any order; those that are missing are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from vault.formats import google_migration, otpauth
from vault.formats.account import OtpAccount
from vault.formats.google_migration import Batch
from vault.formats.reading import MissingParts
from vault.formats.refusals import FormatRefusal, RefusedEntry

MAX_TEXT_LENGTH = 8 * 1024 * 1024
MAX_ENTRIES = 10_000

# Old Ente exports are one line with commas between the URIs.
_COMMA_BEFORE_URI = re.compile(r",(?=otpauth(?:-migration)?://)", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """What was read, in the order of the source, and what was not."""

    accounts: list[OtpAccount] = field(default_factory=list)
    refused: list[RefusedEntry] = field(default_factory=list)
    missing: list[MissingParts] = field(default_factory=list)


def read(text: str) -> Reading:
    """All URIs of a text, one a line; blank lines and lines starting with # are skipped."""
    if len(text) > MAX_TEXT_LENGTH:
        raise FormatRefusal("too long")
    lines = text.removeprefix("\ufeff").strip().split("\n")
    if len(lines) == 1:
        lines = _COMMA_BEFORE_URI.split(lines[0])
    return read_uris(lines)


def read_uris(uris: Iterable[str]) -> Reading:
    """Accounts of each otpauth:// or otpauth-migration:// URI; `place` counts from 1."""
    reading = Reading()
    parts: dict[tuple[int, int], dict[int, Batch]] = {}
    for place, uri in enumerate(uris, start=1):
        if not uri.strip() or uri.lstrip().startswith("#"):
            continue
        try:
            if uri.lstrip()[:20].lower().startswith("otpauth-migration:"):
                _add_batch(reading, parts, google_migration.read(uri))
            else:
                reading.accounts.append(otpauth.read(uri))
        except FormatRefusal as refusal:
            reading.refused.append(RefusedEntry.of(refusal, place=place))
        if len(reading.accounts) + len(reading.refused) > MAX_ENTRIES:
            raise FormatRefusal("too many")
    reading.missing = _missing(parts)
    return reading


def _add_batch(
    reading: Reading, parts: dict[tuple[int, int], dict[int, Batch]], batch: Batch
) -> None:
    known = parts.setdefault((batch.id, batch.size), {})
    # The same code photographed twice is one part, not twice its accounts.
    if known.get(batch.index) == batch:
        return
    known[batch.index] = batch
    reading.accounts.extend(batch.accounts)
    reading.refused.extend(batch.refused)


def _missing(parts: dict[tuple[int, int], dict[int, Batch]]) -> list[MissingParts]:
    missing = []
    for (batch_id, size), known in parts.items():
        # A size that no export has would only make an endless list.
        if size <= google_migration.MAX_ENTRIES and len(known) < size:
            indices = tuple(index for index in range(size) if index not in known)
            missing.append(MissingParts(batch_id, size, indices))
    return missing
