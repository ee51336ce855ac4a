from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from sessions_lock import ending


class Command(BaseCommand):
    help = "End every session past its deadline, as the scheduler does every five minutes."

    def handle(self, *args: Any, **options: Any) -> None:
        ended = ending.sweep(at=timezone.now())
        self.stdout.write(f"{ended} sessions ended.")
