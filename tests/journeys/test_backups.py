"""Make a backup, see it verified, look at a dry run, and restore one user's vault."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

from django.db import connections
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from backups import restores
from backups.models import Backup
from backups.tests import tools
from jobs import running
from jobs.models import Job
from tests import base
from tests.journeys.browser import BrowserTestCase
from vault.models import OtpEntry

LIST = "/admin/backups/backup/"
SCREENS = (
    ("light", {"width": 360, "height": 740}),
    ("dark", {"width": 1440, "height": 900}),
)


class Worker:
    """Does the jobs that wait, as the background worker would."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            for job in Job.objects.exclude(kind="mail").filter(state="waiting"):
                running.run(job.id, at=timezone.now())
            time.sleep(0.2)
        connections.close_all()


class BackupJourney(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(BACKUP_DIRECTORY=Path(folder) / "backups"))
        self.enterContext(mock.patch.object(restores, "NOTICE_SECONDS", 0))
        self.enterContext(mock.patch("jobs.sending.send", return_value=True))
        base.make_user("charlie", is_staff=True, is_superuser=True)
        self.alice = base.make_user("alice")
        self.entry = tools.add_entry(self.alice, "GitHub")
        tools.add_category(self.alice, "Work", self.entry)

    def operator(self, **options: object) -> BrowserContext:
        client = Client()
        base.sign_in(client, "charlie")
        base.show_factor(client)
        context = self.new_context(**options)
        value = client.cookies["session"].value
        context.add_cookies([{"name": "session", "value": value, "url": self.live_server_url}])
        return context

    def test_from_the_backup_to_the_restored_vault(self) -> None:
        page = self.operator().new_page()
        page.goto(LIST)
        page.get_by_role("link", name="Make a backup").click()
        page.get_by_label("Note").fill("Before the move")
        page.get_by_role("button", name="Make it now").click()
        expect(page.locator("[data-progress]")).to_be_visible()

        with Worker():
            # The page follows by itself until the backup is verified.
            expect(page.locator(".backup-state-verified")).to_be_visible()
            name = Backup.objects.get().name
            page.get_by_role("button", name="Verify now").click()
            expect(page.get_by_text("read back in the background")).to_be_visible()

            self.entry.delete()
            page.get_by_role("link", name="Restore…").click()
            page.get_by_label("one user’s vault").check()
            page.get_by_label("Address of the user").fill("alice@example.com")
            page.get_by_role("button", name="Show what would happen").click()
            expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
            assert OtpEntry.objects.count() == 0

            page.get_by_label("Name of the backup").fill(name)
            page.get_by_role("button", name="Restore", exact=True).click()
            expect(page.get_by_role("heading", name="What was done")).to_be_visible()

        back = OtpEntry.objects.get(owner=self.alice)
        assert back.issuer == "GitHub"
        assert [category.name for category in back.categories.all()] == ["Work"]
        assert Backup.objects.filter(kind="safety", state="verified").count() == 1
        assert self.faults == []

    def test_the_pages_are_accessible(self) -> None:
        backup = tools.make_backup()
        self.entry.delete()
        with Worker():
            run = tools.reported_run(backup)
        paths = {
            "list": LIST,
            "create": f"{LIST}create/",
            "plan": f"{LIST}plan/",
            "one": f"{LIST}{backup.pk}/change/",
            "restore": f"{LIST}{backup.pk}/restore/",
            "run": f"{LIST}restores/{run.pk}/",
        }
        for scheme, size in SCREENS:
            page = self.operator(color_scheme=scheme, viewport=size).new_page()
            for name, path in paths.items():
                with self.subTest(name, scheme=scheme):
                    self.check(page, path, f"{name}-{scheme}-{size['width']}")

    def check(self, page: Page, path: str, name: str) -> None:
        page.goto(path)
        if folder := os.environ.get("AUTHNODE_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)
        self.assert_accessible(page, name)
