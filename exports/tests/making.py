"""What the tests of exports need."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from accounts.models import User
from exports import services
from exports.choosing import Choice, gather
from exports.models import Export
from vault.formats.account import OtpAccount
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entry

# A worker that never comes to it.
BUSY = {**settings.JOB_HANDLERS, "export": "jobs.tests.handlers.note"}
PASSWORD = "seven tall herons by the river"


def make_some(owner: User) -> list[OtpEntry]:
    """One of each kind; the second is a favourite, two are in a category."""
    return [
        make_entry(owner, 1, issuer="GitHub", categories=("Work",)),
        make_entry(owner, 2, type="hotp", issuer="Bank", counter=5, favourite=True),
        make_entry(owner, 3, type="steam", issuer="Steam", categories=("Play",)),
        make_entry(owner, 4, issuer="=SUM(A1)", algorithm="SHA256", digits=8),
    ]


def accounts_of(owner: User, **chosen: Any) -> list[OtpAccount]:
    return gather(owner, Choice("authnode", **chosen)).accounts


def address(path: str, chosen_format: str, **chosen: Any) -> str:
    query = {"format": chosen_format, "what": "all", **chosen}
    return f"/exports/{path}/?{urlencode(query, doseq=True)}"


def form(password: str | None = PASSWORD, **more: str) -> dict[str, str]:
    if password is None:
        return {"protection": "none", "understood": "on", **more}
    return {"protection": "own", "password": password, **more}


def waiting(owner: User, content: bytes = b"a whole file", **chosen: Any) -> Export:
    """An export that a worker has made, at noon."""
    choice = Choice("csv", **chosen)
    gathered = gather(owner, choice)
    export = services.enqueue(owner, choice, gathered, password=PASSWORD, at=NOON)
    services.keep(export.pk, iter([content]))
    services.finish(export.pk, size=len(content), at=NOON)
    export.refresh_from_db()
    return export
