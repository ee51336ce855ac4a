"""Where samples come from: the project's own, and a folder outside it when there is one."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any

from core import otp
from vault.formats.account import OtpAccount

OWN = Path(__file__).parent / "vectors"
OUTSIDE = Path(os.environ.get("AUTHNODE_VECTORS") or "no-such-folder")

needs_outside_samples = unittest.skipUnless(
    OUTSIDE.is_dir(), "AUTHNODE_VECTORS names no folder with sample files"
)


def own(name: str) -> Any:
    """The content of a JSON file of the project's own vectors."""
    return json.loads((OWN / name).read_text(encoding="utf-8"))


def outside(name: str) -> Any:
    """The content of a JSON file of the outside samples."""
    return json.loads((OUTSIDE / name).read_text(encoding="utf-8"))


def described(account: OtpAccount) -> dict[str, str | int]:
    """An account in the words the vectors use."""
    words: dict[str, str | int] = {
        "type": account.type,
        "issuer": account.issuer,
        "name": account.name,
        "secret": otp.encode_base32(account.secret),
        "algorithm": account.algorithm,
        "digits": account.digits,
    }
    if account.is_hotp:
        return words | {"counter": account.counter}
    return words | {"period": account.period}
