"""What encrypted notes cost in a browser: opening a thousand, deriving keys, loading the modules.

Goals: 1 000 notes open within a second; the crypto modules of a page weigh less than 30 kB as they
are, comments included.
"""

from __future__ import annotations

import functools
import os
import re
import statistics
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import django
from playwright.sync_api import Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.test_settings")
django.setup()

from bench import measuring  # noqa: E402 - needs the settings
from tests.journeys.browser import CHROMIUM_FLAGS, find_chromium  # noqa: E402 - as above

STATIC = Path(__file__).resolve().parent.parent / "static"
# Whatever these load, up to what is fetched only when a passkey or a recovery key is used.
PAGES = ("pages/base.js", "pages/note.js", "pages/vault.js")
TRIES = 7
IMPORT = re.compile(r'^(?:import|export)\s(?:[^;"]*?\sfrom\s*)?"([^"]+)";', re.MULTILINE)

FLOOR = """async () => {
  const bytes = new Uint8Array(2 * 1024 * 1024);
  const started = performance.now();
  await crypto.subtle.digest("SHA-256", bytes);
  return performance.now() - started;
}"""
KDF = """async () => {
  const { deriveMaster, makeSalt } = await import("/js/crypto/kdf.js");
  const started = performance.now();
  await deriveMaster("kettle drum orchard 84 lantern", makeSalt(), 600000);
  return performance.now() - started;
}"""
SEAL = """async (words) => {
  const { emptyPlain, openNote, sealNote } = await import("/js/crypto/record.js");
  const { makeVaultKey, asMaterial } = await import("/js/crypto/keyslot.js");
  const { deriveContentKey, deriveIndexKey } = await import("/js/crypto/vault-key.js");
  const { makeIndex } = await import("/js/crypto/index.js");
  const material = await asMaterial(await makeVaultKey());
  const contentKey = await deriveContentKey(material);
  const indexKey = await deriveIndexKey(material);
  const userId = crypto.randomUUID();
  const vaultKeyId = crypto.randomUUID();
  const notes = [];
  for (let at = 0; at < 1000; at += 1) {
    const entryId = crypto.randomUUID();
    const plain = { ...emptyPlain(), note: words };
    const place = { userId, vaultKeyId, entryId, revision: 1 };
    const sealed = await sealNote({ contentKey, plain, place });
    notes.push({ contentKey, userId, entryId, sealed });
  }
  globalThis.openAll = async () => {
    const started = performance.now();
    const opened = await Promise.all(notes.map(openNote));
    if (opened.length !== 1000 || opened[999].note !== words) throw new Error("not opened");
    return performance.now() - started;
  };
  globalThis.indexOne = async () => {
    const plain = { ...emptyPlain(), note: words };
    const started = performance.now();
    await makeIndex({ indexKey, plain, entryId: notes[0].entryId, revision: 1 });
    return performance.now() - started;
  };
}"""


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>bench</title>")
            return
        super().do_GET()

    def log_request(self, *_: Any) -> None:
        return


def modules(name: str, seen: dict[Path, int] | None = None) -> dict[Path, int]:
    """What a page loads, with the weight of each file."""
    found = {} if seen is None else seen
    path = (STATIC / "js" / name).resolve()
    if path not in found:
        found[path] = path.stat().st_size
        for each in IMPORT.findall(path.read_text()):
            modules(str((path.parent / each).resolve().relative_to(STATIC / "js")), found)
    return found


def measure(page: Page, sheet: measuring.Sheet) -> None:
    title = f"Times in Chromium, of {TRIES} tries"
    note = "The goal is a second for 1 000 notes."
    add = sheet.table(title, ("what", "median ms", "best ms"), note=note)

    def say(what: str, times: list[float]) -> None:
        add(what, statistics.median(times), min(times))

    words = " ".join(f"word{at:02d}" for at in range(50))
    say("floor: SHA-256 over 2 MiB", [page.evaluate(FLOOR) for _ in range(TRIES)])
    say("keys of a password, 600 000 rounds", [page.evaluate(KDF) for _ in range(TRIES)])
    page.evaluate(SEAL, words)
    say("opening 1 000 notes of 50 words", [page.evaluate("openAll()") for _ in range(TRIES)])
    say("the index of one such note", [page.evaluate("indexOne()") for _ in range(TRIES)])


def weigh(sheet: measuring.Sheet) -> None:
    found: dict[Path, int] = {}
    for name in PAGES:
        modules(name, found)
    crypto = {path: size for path, size in found.items() if path.parent.name == "crypto"}
    note = "As they are, comments included; the goal is less than 30 kB for the crypto modules."
    add = sheet.table("Modules of the page of an entry", ("which", "files", "bytes"), note=note)
    add("crypto", len(crypto), sum(crypto.values()))
    add("all", len(found), sum(found.values()))


def main() -> None:
    with measuring.sheet("notes-browser", "Encrypted notes in the browser") as sheet:
        weigh(sheet)
        run(sheet)


def run(sheet: measuring.Sheet) -> None:
    handler = functools.partial(Quiet, directory=str(STATIC))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        measure(page, sheet)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
