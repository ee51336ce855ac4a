from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import password_validation
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "common-passwords.txt.gz"


class CommonPasswordsFinder(BaseFinder):
    """Serves Django's list of common passwords as a static file: the browser judges passwords."""

    storage = FileSystemStorage(location=Path(password_validation.__file__).parent)

    def check(self, **_: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        found = [self.storage.path(NAME)] if path == NAME else []
        return found if find_all else (found[0] if found else None)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        yield NAME, self.storage
