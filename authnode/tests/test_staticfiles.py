from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.test import SimpleTestCase

from authnode.staticfiles import IMPORT, SHEET, ModuleStorage

SOURCE = settings.BASE_DIR / "static"


class StylesheetTests(SimpleTestCase):
    def test_names_every_stylesheet_of_the_site(self) -> None:
        named = IMPORT.findall((SOURCE / SHEET).read_text())
        there = {str(file.relative_to(SOURCE / "css")) for file in SOURCE.glob("css/components/*")}
        assert there <= set(named)
        assert len(named) == len(set(named))

    def test_is_one_file_once_collected(self) -> None:
        source = FileSystemStorage(location=SOURCE)
        paths = {
            str(file.relative_to(SOURCE)): (source, str(file.relative_to(SOURCE)))
            for file in Path(SOURCE).rglob("*.css")
        }
        with self.settings(STATIC_ROOT=self.enterContext(TemporaryDirectory())):
            storage = ModuleStorage()
            list(storage.post_process(paths))
            name = storage.stored_name(SHEET)
            text = Path(storage.path(name)).read_text()

        assert "@import" not in text
        for name in IMPORT.findall((SOURCE / SHEET).read_text()):
            first = re.search(r"[.\w:#][^{}/*]+\{", (SOURCE / "css" / name).read_text())
            assert first is not None
            assert first[0] in text
