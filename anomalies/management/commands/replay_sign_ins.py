from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections import Counter
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from anomalies import facts, hosting, replay, rules, thresholds
from core import client

COLUMNS = {"at", "user", "address"}
FAILED = {"refused", "failed", "blocked", "denied"}


class Command(BaseCommand):
    help = (
        "Score a recorded history (CSV with the columns at, user, address and perhaps browser and"
        " outcome) with the present thresholds, and count what each rule finds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                events = sorted(self._events(csv.DictReader(lines)), key=lambda event: event.at)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        self._say(*_score(events))

    def _events(self, rows: csv.DictReader[str]) -> list[replay.Event]:
        if not set(rows.fieldnames or ()) >= COLUMNS:
            raise CommandError(f"The file needs the columns {', '.join(sorted(COLUMNS))}.")
        found = []
        for number, row in enumerate(rows, start=2):
            try:
                found.append(_event(row))
            except ValueError as error:
                raise CommandError(f"Line {number}: {error}") from None
        return found

    def _say(self, levels: Counter[str], found: Counter[str], missing: Counter[str]) -> None:
        total = sum(levels.values())
        self.stdout.write(f"{total} sign-ins")
        for level in (rules.LOW, rules.MEDIUM, rules.HIGH):
            share = 100 * levels[level] / total if total else 0
            self.stdout.write(f"  {level:24}{levels[level]:8}  {share:6.2f} %")
        self.stdout.write("Findings, and how often a rule was not evaluated")
        for rule in rules.RULES:
            self.stdout.write(f"  {rule:24}{found[rule]:8}{missing[rule]:8}")


def _score(events: list[replay.Event]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    limits = thresholds.current()
    baseline = replay.Baseline(
        country_lasts=timedelta(days=settings.ANOMALIES_COUNTRY_DAYS),
        within=timedelta(minutes=settings.ANOMALIES_FAILURES_MINUTES),
    )
    levels: Counter[str] = Counter()
    found: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for event in events:
        if event.has_failed:
            baseline.fail(event)
            continue
        known = baseline.facts(event)
        assessment = rules.assess(known, limits)
        level = rules.level_of(assessment.score, limits)
        levels[level] += 1
        found.update(finding.rule for finding in assessment.findings)
        missing.update(assessment.unevaluated)
        # The history says that it went through: with a further proof, if one was asked for.
        baseline.learn(event, is_vouched_for=level == rules.HIGH or known.is_vouched_for)
    return levels, found, missing


def _event(row: dict[str, str]) -> replay.Event:
    at = datetime.fromisoformat(row["at"])
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    address = str(ip_address(row["address"].strip()))
    # The databases are those of today; what they said then nobody knows any more.
    located = facts.locate(address, at=timezone.now())
    return replay.Event(
        at=at,
        user=row["user"].strip().lower(),
        spot=located.spot,
        country=located.place.country_code if located.place else "",
        browser=(row.get("browser") or "").strip(),
        network=client.network(address),
        system=located.system.name if located.system else "",
        is_hosting=hosting.is_hosting(located.system.number) if located.system else None,
        has_failed=(row.get("outcome") or "").strip().lower() in FAILED,
    )
