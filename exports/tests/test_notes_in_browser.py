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
NOTES = {"a": "first\nnote 🗝", "b": "second"}
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
    wanted = [replace(row, note=NOTES.get(pk, "")) for row, pk in zip(ROWS, IDS, strict=True)]

    def test_stand_in_a_plain_aegis_file(self) -> None:
        file = with_notes("aegis", b"".join(aegis.write(ROWS)), None)

        assert list(aegis.read(file).accounts) == self.wanted

    def test_stand_in_a_sealed_aegis_file_under_a_fresh_nonce(self) -> None:
        sealing = aegis.make_sealing(PASSWORD)
        before = aegis.write_sealed(ROWS, PASSWORD, sealing=sealing)

        file = with_notes("aegis", before, sealing.master_key)

        assert list(aegis.read(file, password=PASSWORD).accounts) == self.wanted
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
