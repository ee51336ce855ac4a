"""Notes that came in a file, handed over to be kept readable by the server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from notes import plain as plains
from notes import services as notes
from notes.plain import PlainNote
from vault.formats.account import OtpAccount
from vault.models import OtpEntry


def keep_notes(accounts: Sequence[OtpAccount], entries: Sequence[OtpEntry], *, at: datetime) -> int:
    """Keep the note of each account with its new entry; the answer is how many there were."""
    kept = 0
    for account, entry in zip(accounts, entries, strict=True):
        if plain := plain_of(account):
            notes.keep_for_server(entry, plain.note, fields=plain.fields, codes=plain.codes, at=at)
            kept += 1
    return kept


def plain_of(account: OtpAccount) -> PlainNote | None:
    """The note with its fields and recovery codes, cut to what a note may take; None for none."""
    text = account.note.replace("\r\n", "\n").encode("utf-8", "ignore").decode()
    plain = PlainNote(
        text if text.strip() else "",
        tuple(
            {"name": name, "value": value, "kind": kind}
            for name, value, kind in account.note_fields
        ),
        tuple({"code": code, "used_on": day or None} for code, day in account.note_codes),
    )
    if plain.is_empty:
        return None
    if _size_of(plain) <= plains.MOST_BYTES:
        return plain
    return _cut(plain)


def _cut(plain: PlainNote) -> PlainNote | None:
    """As much of the text as fits beside its fields and codes; no site has written more."""
    room = replace(plain, note="")
    if _size_of(room) > plains.MOST_BYTES:
        room = PlainNote()
    least, most = 0, len(plain.note)
    while least < most:
        middle = (least + most + 1) // 2
        if _size_of(replace(room, note=plain.note[:middle])) <= plains.MOST_BYTES:
            least = middle
        else:
            most = middle - 1
    cut = replace(room, note=plain.note[:least])
    return None if cut.is_empty else cut


def _size_of(plain: PlainNote) -> int:
    written = json.dumps(plain.as_wire(), ensure_ascii=False, separators=(",", ":"))
    return len(written.encode("utf-8", "replace"))
