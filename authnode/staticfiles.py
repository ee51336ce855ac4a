from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET = "css/site.css"
IMPORT = re.compile(r'@import url\("([^"]+)"\);')


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Hashed names inside ES modules too: an old crypto module must never meet a new page.

    The stylesheet of the site holds what it imports: one file costs a browser one request, and
    forty cost it forty, each with its headers.
    """

    support_js_module_import_aggregation = True
    # One for each storey of modules that import modules; five are too few, and none is too many.
    max_post_process_passes = 25

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        if SHEET in paths:
            paths = {**paths, SHEET: (_joined(paths), SHEET)}
        yield from super().post_process(paths, dry_run, **options)


def _joined(paths: dict[str, tuple[Any, str]]) -> InMemoryStorage:
    joined = InMemoryStorage()
    text = IMPORT.sub(lambda found: _text(paths, f"css/{found[1]}"), _text(paths, SHEET))
    joined.save(SHEET, ContentFile(text.encode()))
    return joined


def _text(paths: dict[str, tuple[Any, str]], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        text: str = file.read().decode()
    return text
