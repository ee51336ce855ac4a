"""Heavy checks: a few rounds in the suite, many under `make figures`."""

from __future__ import annotations

import os


def rounds(few: int, many: int) -> int:
    return many if os.environ.get("AUTHNODE_FIGURES") else few
