"""Programs of others that judge what we write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
JUDGES = ROOT / ".venv-judges" / "bin"


def judge(name: str, package: str = "") -> str:
    """Where a program is; without it the test is skipped, and under CI it fails."""
    own = JUDGES / name
    found = str(own) if own.exists() else shutil.which(name)
    if found:
        return found
    missing = f"{name} is missing ({package or 'scripts/test-programs'} brings it)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing}, and CI must not skip this.")
    pytest.skip(missing)


def node_package(name: str) -> Path:
    """Where an npm package is; skipped or failed like a program."""
    path = ROOT / "node_modules" / name
    if path.is_dir():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, and CI must not skip this.")
    pytest.skip(f"{name} is missing (npm ci brings it)")
