from __future__ import annotations

import random
import secrets
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from anomalies import demo as sign_ins
from core import geo_sample
from vault import services
from vault.formats.account import OtpAccount
from vault.models import OtpEntry

ADDRESS = "demo@example.com"

# Service, account there, categories; then whatever is unusual.
ENTRIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("GitHub", "ada-demo", "Work", {"favourite": True}),
    ("GitLab", "ada@example.com", "Work", {}),
    ("Google", "ada@example.com", "Personal", {"favourite": True}),
    ("Google Workspace", "ada@example.org", "Work", {}),
    ("Cloudflare", "ops@example.org", "Work, Servers", {}),
    ("Hetzner", "K0123456789", "Servers", {}),
    ("DigitalOcean", "ops@example.org", "Servers", {}),
    ("OVH", "oa12345-ovh", "Servers", {}),
    ("Proxmox", "root@pam", "Servers", {"algorithm": "SHA256"}),
    ("Nextcloud", "ada", "Servers, Personal", {"favourite": True}),
    ("Home Assistant", "ada", "Servers", {}),
    ("Synology", "admin", "Servers", {}),
    ("Tailscale", "ada@example.org", "Work, Servers", {}),
    ("PyPI", "ada-demo", "Work", {"favourite": True}),
    ("npm", "ada-demo", "Work", {}),
    ("Docker", "adademo", "Work", {}),
    ("Sentry", "ada@example.org", "Work", {}),
    ("Slack", "example-team", "Work", {}),
    ("Atlassian", "ada@example.org", "Work", {}),
    ("Figma", "ada@example.org", "Work", {}),
    ("Notion", "ada@example.org", "Work, Personal", {}),
    ("PayPal", "ada@example.com", "Money", {"favourite": True}),
    ("Wise", "ada@example.com", "Money", {}),
    ("Stripe", "billing@example.org", "Money, Work", {}),
    ("Coinbase", "ada@example.com", "Money", {}),
    ("Example Savings Bank", "DE00 1234", "Money", {"digits": 8, "period": 60}),
    ("Bitwarden", "ada@example.com", "Personal", {}),
    ("Proton", "ada.demo", "Personal", {}),
    ("Dropbox", "ada@example.com", "Personal", {}),
    ("Discord", "ada#0001", "Social", {}),
    ("Mastodon", "@ada@example.social", "Social", {}),
    ("Reddit", "u/ada-demo", "Social", {}),
    ("Instagram", "ada.demo", "Social", {}),
    ("Steam", "adaplays", "Games", {"type": "steam"}),
    ("Epic Games", "adaplays", "Games", {}),
    ("Nintendo Account", "ada@example.com", "Games", {}),
    ("Library VPN", "card 20431", "Personal", {"type": "hotp", "counter": 41}),
]


class Command(BaseCommand):
    help = "Make a demo user with a few dozen codes and a month of sign-ins, for trying out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default=ADDRESS, help=f"whose vault (default {ADDRESS})")
        parser.add_argument(
            "--force", action="store_true", help="also on a site that has other users"
        )

    def handle(self, *, email: str, force: bool, **_: Any) -> None:
        email = email.strip().lower()
        if User.objects.exclude(email=email).exists() and not force:
            raise CommandError(
                "This site has other users, so it is no place for a demo. Use --force if it is."
            )
        user = User.objects.filter(email=email).first()
        if user is None:
            # Made anew each time: a password that everybody knows would be a way in.
            password = secrets.token_urlsafe(12)
            user = User.objects.create_user(email=email, password=password, display_name="Ada")
            self.stdout.write(f"Sign in as {email} with the password {password}")
        else:
            self.stdout.write(f"{email} keeps the password it has.")
        now = timezone.now()
        added = fill(user, at=now)
        self.stdout.write(f"{added} codes are in the vault.")
        if not geo_sample.install(at=now):
            self.stdout.write("There is a geo database already, and it is left alone.")
            return
        known = sign_ins.fill(user, at=now)
        self.stdout.write(f"{known} sign-ins are in the history: Settings, Security, Sign-ins.")


def fill(user: User, *, at: datetime) -> int:
    """Add the demo entries that are missing; the answer is how many the vault has then."""
    mine = OtpEntry.objects.for_owner(user).live()
    known = set(mine.values_list("issuer", "account_name"))
    accounts = [_account(*entry) for entry in ENTRIES if entry[:2] not in known]
    added = services.add_accounts(owner=user, accounts=accounts, at=at - timedelta(days=90))
    chance = random.Random(36)
    for entry in added.entries:
        if chance.random() < 0.7:
            used_at = at - timedelta(hours=chance.uniform(1, 24 * 60))
            OtpEntry.objects.filter(pk=entry.pk).update(last_used_at=used_at)
    return mine.count()


def _account(issuer: str, name: str, categories: str, unusual: dict[str, Any]) -> OtpAccount:
    parts: dict[str, Any] = {"type": "totp", **unusual}
    return OtpAccount(
        secret=secrets.token_bytes(20),
        issuer=issuer,
        name=name,
        categories=tuple(categories.split(", ")),
        **parts,
    )
