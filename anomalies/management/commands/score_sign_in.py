from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import addresses
from accounts.models import User
from anomalies import facts, rules, thresholds, words


class Command(BaseCommand):
    help = "Explain how a sign-in would be judged, without making one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="the user's e-mail address")
        parser.add_argument("--ip", required=True, help="the address it would come from")
        parser.add_argument("--at", default="", help="2026-03-01T12:00:00+00:00; now by default")

    def handle(self, *, user: str, ip: str, at: str, **_: Any) -> None:
        person = User.objects.filter(email=addresses.normalise(user)).first()
        if person is None:
            raise CommandError("Nobody here has this address.")
        try:
            when, address = _time(at), str(ip_address(ip))
        except ValueError as error:
            raise CommandError(str(error)) from None
        located = facts.locate(address, at=when)
        found, _known = facts.gather(person, located, browser_key="", at=when)
        limits = thresholds.current()
        assessment = rules.assess(found, limits)
        place = located.place or "not evaluated"
        self.stdout.write(f"{person.email} from {address} ({place}) at {when.isoformat()}")
        for finding in assessment.findings:
            text = words.sentence(finding.rule, finding.words)
            self.stdout.write(f"  +{finding.points:<3} {finding.rule}: {text}")
        for rule, why in assessment.unevaluated.items():
            self.stdout.write(f"   –   {words.not_evaluated(rule, why)}")
        level = rules.level_of(assessment.score, limits)
        self.stdout.write(f"Score {assessment.score} of 100: {level}.")


def _time(text: str) -> datetime:
    if not text:
        return timezone.now()
    when = datetime.fromisoformat(text)
    return when if timezone.is_aware(when) else timezone.make_aware(when)
