from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.db import transaction
from django.utils import timezone

from accounts import addresses, passwords
from accounts.models import User


class Command(changepassword.Command):
    """Django's command, with the traces that a change on the site leaves."""

    def handle(self, *args: Any, **options: Any) -> Any:
        name = options["username"] = addresses.normalise(options["username"] or "")
        with transaction.atomic():
            answer = super().handle(*args, **options)
            user = User.objects.get_by_natural_key(name)
            passwords.tell_of_change(user, but=None, at=timezone.now())
        return answer
