"""`manage.py count_notes`: how many notes there are of each kind, and nothing else of them."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from notes import services

SENTENCES = {
    "e2e": "only their owners' browsers can open",
    "server": "the server can read",
    "none": "deleted",
    "drafts": "drafts",
    "revisions": "earlier versions",
    "indexes": "in the blind index",
}


class Command(BaseCommand):
    help = "Counts the encrypted notes of all users."

    def handle(self, *args: object, **options: object) -> None:
        for kind, count in services.counts().items():
            self.stdout.write(f"{count:8} {SENTENCES[kind]}")
