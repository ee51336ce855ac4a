from __future__ import annotations

import unicodedata


def normalise(address: str) -> str:
    """One spelling for one mailbox: NFKC, lower case, no space around it."""
    return unicodedata.normalize("NFKC", address).strip().lower()
