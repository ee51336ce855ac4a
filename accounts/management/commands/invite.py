from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from accounts import sign_up


class Command(BaseCommand):
    help = "Print (and mail, where mail is configured) a link with which ADDRESS makes an account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--operator", action="store_true", help="the account is an operator's")

    def handle(self, *, address: str, operator: bool, **_: Any) -> None:
        try:
            validate_email(address)
            link = sign_up.invite(
                email=address, invited_by=None, makes_operator=operator, at=timezone.now()
            )
        except ValidationError:
            raise CommandError(f"“{address}” is not an e-mail address.") from None
        except sign_up.AddressTaken:
            raise CommandError(f"{address} has an account already.") from None
        except sign_up.SignUpClosed:
            raise CommandError("Sign-up is closed (SIGN_UP=closed).") from None
        self.stdout.write(link)
