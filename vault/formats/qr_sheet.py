"""QR codes on printable pages: a PDF to scan from, or to keep where paper is kept.

The name `qrcodes` stands for it. Each page is a document part of its own with one grid: one grid
over all pages takes the layout ten times as long. The pages are laid out in batches, so that
somebody who waits sees how far it is and can stop it.
"""

from __future__ import annotations

import base64
import io
import math
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pikepdf
from PIL import ImageFile

from vault import qr
from vault.formats import google_migration, otpauth
from vault.formats.account import OtpAccount
from vault.formats.refusals import FormatRefusal

name = "qrcodes"

# Codes across and down a page. "large" is one for a camera at the other end of a table.
LAYOUTS = {"1": (1, 5), "2": (2, 4), "3": (3, 5), "large": (1, 1)}
# What AES-256 in PDF takes of a password, in bytes.
MAX_PASSWORD_BYTES = 127

_PAGES_A_BATCH = 10
# Every box has its place and size in millimetres, as working out widths takes most of the time
# otherwise: width and height of a cell, and of its picture.
_SIZES = {"1": (182, 50, 46), "2": (91, 63, 44), "3": (60.6, 50.4, 36), "large": (182, 250, 150)}
_TOP = 11
_CSS = """
@page { size: A4; margin: 12mm 14mm }
body { margin: 0; font: 9pt/1.3 "DejaVu Sans", "Noto Sans", sans-serif }
div { position: relative; width: 182mm; height: 272mm; break-after: page }
div:last-child { break-after: auto }
img, p { position: absolute; margin: 0 }
img { image-rendering: pixelated }
p { overflow: hidden; overflow-wrap: break-word; text-align: center }
b { font-size: 110% }
.h { top: 0; left: 0; width: 182mm; height: 6mm; border-bottom: 0.3mm solid #bbb }
.f { bottom: 0; left: 0; width: 182mm; height: 5mm; padding-top: 1mm; border-top: 0.3mm solid #bbb }
.e { border: 0; text-align: right }
.h, .f { color: #444; text-align: left; font-size: 8pt }
.h.e, .f.e { text-align: right }
"""


@dataclass(frozen=True, slots=True)
class Label:
    """One code and the words around it."""

    text: str
    title: str
    subtitle: str = ""
    detail: str = ""
    level: str = "M"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on every page; `page` is a sentence with {page} and {pages}."""

    title: str = "AuthNode"
    made: str = ""
    advice: str = ""
    page: str = "Page {page} of {pages}"
    unnamed: str = "Unnamed account"
    counter: str = "Counter {counter}"
    part: str = "Part {part} of {parts}"


Progress = Callable[[int, int], None]


def labels_of(
    accounts: Sequence[OtpAccount], words: Words, *, compatible_steam: bool = False
) -> list[Label]:
    """One code an account."""
    return [_label(account, words, compatible_steam) for account in accounts]


def migration_labels(accounts: Sequence[OtpAccount], words: Words) -> list[Label]:
    """One code for each ten accounts, as Google Authenticator hands them over."""
    uris = google_migration.write(accounts)
    return [
        Label(uri, words.part.format(part=place, parts=len(uris)), level="L")
        for place, uri in enumerate(uris, start=1)
    ]


def misfit(account: OtpAccount) -> str:
    """What keeps an account from being a QR code, as a reason, or nothing."""
    try:
        qr.draw(otpauth.write(account), scale=1, quick=True)
    except qr.TooLongToDraw:
        return "too long"
    return ""


def write(
    labels: Sequence[Label],
    words: Words,
    *,
    layout: str = "3",
    progress: Progress | None = None,
) -> bytes:
    """The PDF. `progress(done, total)` counts codes; what it raises stops the work."""
    if layout not in LAYOUTS:
        raise FormatRefusal("damaged")
    across, down = LAYOUTS[layout]
    size = across * down
    pages = [labels[start : start + size] for start in range(0, len(labels), size)] or [[]]
    made: list[Any] = []
    document: Any = None
    for start in range(0, len(pages), _PAGES_A_BATCH):
        batch = pages[start : start + _PAGES_A_BATCH]
        parts = [
            _page(page, words, start + place, len(pages))
            for place, page in enumerate(batch, start=1)
        ]
        document = _render("".join(parts), words, layout)
        made += document.pages
        if progress:
            progress(min((start + len(batch)) * size, len(labels)), len(labels))
    pdf: bytes = document.copy(made).write_pdf()
    return pdf


def seal(pdf: bytes, password: str) -> bytes:
    """The PDF under AES-256 (R6): every ordinary viewer asks for the password."""
    if not 1 <= len(password.encode()) <= MAX_PASSWORD_BYTES:
        raise FormatRefusal("wrong password")
    sealed = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        encryption = pikepdf.Encryption(user=password, owner=secrets.token_urlsafe(24), R=6)
        document.save(sealed, encryption=encryption)
    return sealed.getvalue()


def pages_for(count: int, layout: str) -> int:
    across, down = LAYOUTS[layout]
    return max(math.ceil(count / (across * down)), 1)


def _label(account: OtpAccount, words: Words, compatible_steam: bool) -> Label:
    details = [", ".join(account.categories)]
    if account.is_hotp:
        details.append(words.counter.format(counter=account.counter))
    return Label(
        otpauth.write(account, compatible_steam=compatible_steam),
        account.issuer or account.name or words.unnamed,
        account.name if account.issuer else "",
        " · ".join(detail for detail in details if detail),
    )


def _page(labels: Sequence[Label], words: Words, page: int, pages: int) -> str:
    number = escape(words.page.format(page=page, pages=pages))
    cells = (_cell(label, place) for place, label in enumerate(labels))
    return (
        f'<div><p class="h">{escape(words.title)}</p><p class="h e">{escape(words.made)}</p>'
        f"{''.join(cells)}"
        f'<p class="f">{escape(words.advice)}</p><p class="f e">{number}</p></div>'
    )


def _cell(label: Label, place: int) -> str:
    png = qr.draw(label.text, level=label.level, scale=1, quick=True)
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    lines = [f"<b>{_isolated(label.title)}</b>"]
    lines += [_isolated(line) for line in (label.subtitle, label.detail) if line]
    return (
        f'<img alt="" class="i{place}" src="{source}"><p class="t{place}">{"<br>".join(lines)}</p>'
    )


def _isolated(text: str) -> str:
    # A name written from right to left must not turn what stands beside it around.
    return f"\u2068{escape(text)}\u2069" if not text.isascii() else escape(text)


def _places(layout: str) -> Iterator[str]:
    """A rule for each picture and each text of a page."""
    width, height, side = _SIZES[layout]
    across, down = LAYOUTS[layout]
    for place in range(across * down):
        left, top = place % across * width, _TOP + place // across * height
        inset = 0 if layout == "1" else (width - side) / 2
        yield _box(f".i{place}", left + inset, top, side, side)
        if layout == "1":
            yield _box(f".t{place}", side + 6, top + 6, width - side - 8, side - 6)
        else:
            yield _box(f".t{place}", left + 1, top + side + 1.5, width - 2, height - side - 2)
    sizes = {"1": "p { font-size: 11pt; text-align: left }", "large": "p { font-size: 16pt }"}
    yield sizes.get(layout, "")


def _box(selector: str, left: float, top: float, width: float, height: float) -> str:
    return f"{selector} {{ left: {left}mm; top: {top}mm; width: {width}mm; height: {height}mm }}"


def _render(body: str, words: Words, layout: str) -> Any:
    css = "\n".join((_CSS, *_places(layout)))
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(words.title)}</title><style>{css}</style></head><body>{body}</body></html>"
    )
    # Imported here: half a second and forty megabytes that only a worker needs.
    import weasyprint
    from weasyprint.urls import URLFetcher

    # On its import it lets Pillow take cut pictures for whole ones, everywhere.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Nothing is fetched: all pictures are in the page itself.
    fetcher = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    return weasyprint.HTML(string=html, url_fetcher=fetcher).render()
