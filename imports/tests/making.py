"""Files and imports for tests. Nothing in them is anybody's."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.models import User
from imports import services
from imports.files import GivenFile
from imports.models import ImportBatch
from vault.formats import otpauth
from vault.formats.account import OtpAccount
from vault.tests.making import account

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PASSWORD = "correct horse"


def links(*accounts: OtpAccount) -> bytes:
    return "\n".join(otpauth.write(row) for row in accounts).encode()


def given(content: bytes, name: str = "codes.txt", kind: str = "") -> GivenFile:
    return GivenFile(name, content, kind)


def make_import(owner: User, *accounts: OtpAccount, at: datetime = NOON) -> ImportBatch:
    """An import that waits in its preview."""
    content = links(*(accounts or (account(1), account(2))))
    return services.start(owner=owner, files=[given(content)], at=at)
