"""The bytes of a file, for small exports at once and for large ones in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from exports import catalogue
from exports.choosing import Choice, labels
from vault.formats import (
    aegis,
    andotp,
    authnode_json,
    container,
    csv_table,
    otpauth_list,
    qr_sheet,
    qr_zip,
)
from vault.formats.account import OtpAccount

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A file; `key` opens a sealed one in the browser that adds notes to it."""

    pieces: Iterator[bytes] = field(repr=False)
    key: bytes | None = field(default=None, repr=False)


def file_name(choice: Choice, *, is_protected: bool, at: datetime) -> str:
    """No names of people or services: where files end up many can read their names."""
    kind = choice.kind
    extension = kind.sealed_extension if is_protected else kind.extension
    return f"authnode-{timezone.localtime(at):%Y%m%d}.{extension}"


def media_type(choice: Choice, *, is_protected: bool) -> str:
    return choice.kind.sealed_media_type if is_protected else choice.kind.media_type


def make(
    choice: Choice,
    accounts: list[OtpAccount],
    *,
    password: str | None,
    at: datetime,
    categories: list[str] | None = None,
    progress: Progress | None = None,
) -> Made:
    """The file of these accounts, sealed when there is a password."""
    if choice.kind.sealing in (catalogue.PDF, catalogue.ZIP):
        return Made(iter([_drawn(choice, accounts, password, at, progress)]))
    if choice.format == "aegis" and password:
        sealing = aegis.make_sealing(password)
        return Made(
            iter([aegis.write_sealed(accounts, password, sealing=sealing)]), sealing.master_key
        )
    if choice.format == "andotp" and password:
        return Made(iter([andotp.write_sealed(accounts, password)]))
    plain = _plain(choice, accounts, categories or [])
    if not password:
        return Made(plain)
    outer = container.make_sealing(
        password, media_type=choice.kind.media_type, extension=choice.kind.extension
    )
    return Made(container.write(plain, outer), outer.key)


def _plain(choice: Choice, accounts: list[OtpAccount], categories: list[str]) -> Iterator[bytes]:
    writers: dict[str, Callable[[], Iterator[bytes]]] = {
        "aegis": lambda: aegis.write(accounts),
        "andotp": lambda: andotp.write(accounts),
        "csv": lambda: csv_table.write(accounts, exact_cells=choice.exact_cells),
        "plaintext": lambda: otpauth_list.write(accounts, compatible_steam=choice.compatible_steam),
        "authnode": lambda: authnode_json.write(accounts, categories=categories),
    }
    return writers[choice.format]()


def _drawn(
    choice: Choice,
    accounts: list[OtpAccount],
    password: str | None,
    at: datetime,
    progress: Progress | None,
) -> bytes:
    words = _words(at)
    rows = labels(accounts, choice, words)
    if choice.kind.sealing == catalogue.ZIP:
        return qr_zip.write(rows, password, progress=progress)
    layout = "large" if choice.format == "google" else choice.layout
    pdf = qr_sheet.write(rows, words, layout=layout, progress=progress)
    return qr_sheet.seal(pdf, password) if password else pdf


def _words(at: datetime) -> qr_sheet.Words:
    day: Any = timezone.localtime(at).date()
    return qr_sheet.Words(
        title=_("AuthNode – QR codes"),
        made=formats.date_format(day, "j F Y"),
        advice=_("Whoever has this page can make the codes. Keep it like a key."),
        page=_("Page {page} of {pages}"),
        unnamed=_("Unnamed account"),
        counter=_("Counter {counter}"),
        part=_("Part {part} of {parts}"),
    )
