"""What the browser's scripts make of an export, with a server's file and Node for the browser."""

from __future__ import annotations

import base64
import json
import subprocess
import unittest
from dataclasses import replace
from typing import Any

from tests.programs import ROOT, judge
from vault.formats import aegis, authnode_json, container
from vault.formats.account import OtpAccount

ROWS = [
    OtpAccount("totp", b"1234567890", issuer="GitHub ü", categories=("Work",)),
    OtpAccount("hotp", b"abcdefghij", name="🔐", counter=2**53 - 1),
    OtpAccount("steam", b"klmnopqrst", note="of the server"),
]
IDS = ["a", "b", "c"]
FIELDS = (("PIN", "1234", "hidden"), ("Site", "https://example.com", "url"))
CODES = (("abc-1", ""), ("abc-2", "2026-03-01"))
NOTES: dict[str, Any] = {
    "a": {"note": "first\nnote 🗝", "fields": [], "codes": []},
    "b": {
        "note": "second",
        "fields": [dict(zip(("name", "value", "kind"), row, strict=True)) for row in FIELDS],
        "codes": [{"code": code, "used_on": day or None} for code, day in CODES],
    },
}
AS_TEXT = "second\n\nPIN: 1234\nSite: https://example.com\nabc-1\nabc-2 (2026-03-01)"
PASSWORD = "pässwörd of a file"
SCRIPT = """
import { withNotes } from "./static/js/lib/export-notes.js";
import { readFileSync } from "node:fs";
const { kit, notes } = JSON.parse(readFileSync(0, "utf8"));
const bytes = await withNotes(kit, new Map(Object.entries(notes)));
process.stdout.write(Buffer.from(bytes).toString("base64"));
"""


def with_notes(chosen_format: str, content: bytes, key: bytes | None) -> bytes:
    kit: dict[str, Any] = {
        "v": 1,
        "format": chosen_format,
        "name": "file",
        "media_type": "x",
        "content": base64.b64encode(content).decode(),
        "key": base64.b64encode(key).decode() if key else None,
        "entries": IDS,
    }
    ran = subprocess.run(
        [judge("node"), "--input-type=module", "-e", SCRIPT],
        input=json.dumps({"kit": kit, "notes": NOTES}),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return base64.b64decode(ran.stdout)


class NotesAddedByTheBrowser(unittest.TestCase):
    wanted = [
        replace(ROWS[0], note="first\nnote 🗝"),
        replace(ROWS[1], note="second", note_fields=FIELDS, note_codes=CODES),
        replace(ROWS[2], note=""),
    ]
    # Where a note is text alone, fields and codes are lines of it.
    as_text = [wanted[0], replace(ROWS[1], note=AS_TEXT), wanted[2]]

    def test_stand_in_a_plain_aegis_file(self) -> None:
        file = with_notes("aegis", b"".join(aegis.write(ROWS)), None)

        assert list(aegis.read(file).accounts) == self.as_text

    def test_stand_in_a_sealed_aegis_file_under_a_fresh_nonce(self) -> None:
        sealing = aegis.make_sealing(PASSWORD)
        before = aegis.write_sealed(ROWS, PASSWORD, sealing=sealing)

        file = with_notes("aegis", before, sealing.master_key)

        assert list(aegis.read(file, password=PASSWORD).accounts) == self.as_text
        old, new = (json.loads(text)["header"] for text in (before, file))
        assert old["slots"] == new["slots"]
        assert old["params"]["nonce"] != new["params"]["nonce"]

    def test_stand_in_a_plain_file_of_our_own(self) -> None:
        file = with_notes("authnode", b"".join(authnode_json.write(ROWS)), None)

        assert list(authnode_json.read(file).accounts) == self.wanted

    def test_stand_in_a_sealed_file_of_our_own_in_several_chunks(self) -> None:
        picture = bytes(range(256)) * 200
        rows = [replace(row, picture=picture) for row in ROWS]
        sealing = container.make_sealing(PASSWORD, extension="json")
        before = b"".join(container.write(authnode_json.write(rows), sealing))

        file = with_notes("authnode", before, sealing.key)

        opened = container.open_all(file, password=PASSWORD)
        assert len(file.splitlines()) > 4
        read = authnode_json.read(opened.content)
        assert list(read.accounts) == [replace(row, picture=picture) for row in self.wanted]
