"""Looks at everything a running site hangs on, and says what to do where something is wrong.

Each check answers findings; it never changes anything. One that fails itself is a problem too:
nothing counts as well because it could not be asked.
"""

from __future__ import annotations

import os
import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from accounts import factors, operators
from authnode import startup
from authnode.celery import app as celery
from backups import alarms, schedule
from backups import keys as backup_keys
from core import geo, keycheck
from jobs import services as jobs
from jobs.models import Job

BEAT_IS_LATE_AFTER = timedelta(minutes=3)
JOBS_ARE_LATE_AFTER = timedelta(minutes=15)
CLOCK_MAY_DIFFER = timedelta(seconds=5)
SECONDS = 5
GEO_DATABASES = {geo.CITY: "places", geo.ASN: "networks"}
NEEDED_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")


class State(StrEnum):
    WELL = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    state: State
    sentence: str
    advice: str = ""


Check = Callable[[], Iterable[Finding]]


def examine(*, checks: Iterable[tuple[str, Check]] | None = None) -> list[Finding]:
    """The findings of all checks, in their order."""
    found: list[Finding] = []
    for what, check in checks or CHECKS:
        try:
            found += check()
        except Exception as error:  # noqa: BLE001 - whatever a check fails with is the finding
            found.append(Finding(what, State.PROBLEM, f"{type(error).__name__}: {error}"))
    return found


def send_test_mail(address: str) -> Finding:
    """Send a mail that says nothing; raises nothing."""
    try:
        mail.send_mail(
            "AuthNode can send mail",
            f"This is a test from {settings.SITE_URL}. Nothing has to be done.",
            None,
            [address],
        )
    except Exception as error:  # noqa: BLE001 - as above
        return Finding("mail", State.PROBLEM, f"The test mail was refused: {error}", MAIL_ADVICE)
    return Finding("mail", State.WELL, f"A test mail is on its way to {address}.")


MAIL_ADVICE = "Check EMAIL_URL: user, password, port, and whether it is smtp+tls: or smtps:."


def keys() -> list[Finding]:
    try:
        keycheck.verify()
    except ImproperlyConfigured as error:
        return [Finding("keys", State.PROBLEM, str(error))]
    return [Finding("keys", State.WELL, "The master key fits this database.")]


def database() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    found = [Finding("database", State.WELL, f"{connection.vendor} answers.")]
    missing = startup.missing_migrations()
    if missing:
        sentence = f"{len(missing)} migrations are missing, the first is {missing[0]}."
        advice = "Make a backup, then run scripts/database."
        found.append(Finding("migrations", State.PROBLEM, sentence, advice))
    else:
        found.append(Finding("migrations", State.WELL, "Every table is up to date."))
    return found


def cache_and_broker() -> list[Finding]:
    cache.set("doctor", "well", 10)
    if cache.get("doctor") != "well":
        sentence = "The cache forgets at once: nobody can sign in."
        return [Finding("cache", State.PROBLEM, sentence, "Look after Redis.")]
    with celery.connection() as broker:
        broker.ensure_connection(max_retries=1, timeout=SECONDS)
    return [
        Finding("cache", State.WELL, "It remembers and counts."),
        Finding("broker", State.WELL, "It takes messages."),
    ]


def background() -> list[Finding]:
    now, last = timezone.now(), jobs.last_beat()
    if last is None or now - last > BEAT_IS_LATE_AFTER:
        since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "ever"
        sentence = f"Scheduler and worker have given no sign of life {since}."
        found = [Finding("scheduler", State.PROBLEM, sentence, "Start worker and beat.")]
    else:
        found = [Finding("scheduler", State.WELL, "Scheduler and worker are alive.")]
    due = Job.objects.filter(state=Job.State.WAITING, not_before__lt=now - JOBS_ARE_LATE_AFTER)
    failed = Job.objects.filter(
        state=Job.State.FAILED, finished_at__gt=now - timedelta(days=1)
    ).count()
    if late := due.count():
        sentence = f"{late} jobs have waited for more than a quarter of an hour."
        found.append(Finding("jobs", State.WARNING, sentence, "Start more workers."))
    if failed:
        sentence = f"{failed} jobs have failed since yesterday."
        found.append(Finding("jobs", State.WARNING, sentence, "See Jobs in the administration."))
    if not late and not failed:
        found.append(Finding("jobs", State.WELL, "None is late, none has failed since yesterday."))
    return found


def mail_server() -> list[Finding]:
    if not settings.MAIL_IS_CONFIGURED:
        sentence = "No mail server: mails become files, and nobody can reset a password."
        return [Finding("mail", State.WARNING, sentence, "Set EMAIL_URL.")]
    try:
        with mail.get_connection(timeout=SECONDS):
            pass
    except Exception as error:  # noqa: BLE001 - as above
        sentence = f"The mail server does not let us in: {error}"
        return [Finding("mail", State.PROBLEM, sentence, MAIL_ADVICE)]
    return [Finding("mail", State.WELL, "The mail server lets us in.")]


def people() -> list[Finding]:
    active = list(operators.active())
    if not active:
        sentence = "Nobody can administer this site."
        advice = "Open the link that “manage.py setup_link” prints."
        return [Finding("operators", State.PROBLEM, sentence, advice)]
    bare = [user.email for user in active if not factors.count(user)]
    if bare:
        sentence = f"Operators without a second factor: {', '.join(bare)}."
        return [Finding("operators", State.WARNING, sentence, "Ask them to add one.")]
    return [Finding("operators", State.WELL, f"{len(active)}, each with a second factor.")]


def clock() -> list[Finding]:
    if connection.vendor != "postgresql":
        return [Finding("clock", State.WELL, "Database and site share one.")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    apart = abs(timezone.now() - theirs)
    if apart > CLOCK_MAY_DIFFER:
        sentence = f"The database is {apart.total_seconds():.0f} seconds apart from this machine."
        advice = "Let both keep time (chrony, systemd-timesyncd): codes hang on it."
        return [Finding("clock", State.PROBLEM, sentence, advice)]
    return [Finding("clock", State.WELL, "The database agrees within seconds.")]


def folder() -> list[Finding]:
    found = []
    paths = [settings.VAR, *(settings.VAR / name for name in ("master.key", "secret.key"))]
    for path in [*paths, settings.VAR / "backup.key"]:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            advice = f"chmod go= {path}"
            sentence = f"{path} can be read by others on this machine."
            found.append(Finding("folder", State.PROBLEM, sentence, advice))
    return found or [Finding("folder", State.WELL, f"{settings.VAR} is closed to others.")]


def backups() -> list[Finding]:
    """Whether backups can be made, can be opened again, and have been."""
    if not backup_keys.own_keys() and not backup_keys.is_sealed_away():
        advice = "Set BACKUP_KEY_FILE, or run manage.py prepare."
        return [Finding("backups", State.PROBLEM, "There is no backup key.", advice)]
    found = []
    path = settings.BACKUP_DIRECTORY
    there = next(place for place in (path, *path.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        advice = f"Give the directory to the user that AuthNode runs as: {there}"
        found.append(Finding("backups", State.PROBLEM, f"{path} cannot be written to.", advice))
    if name := backup_keys.lies_within(path):
        advice = "Move it: whoever took the directory would have the key to everything in it."
        sentence = f"{name} lies in the backup directory."
        found.append(Finding("backups", State.PROBLEM, sentence, advice))
    return [*found, _newest_backup()]


def _newest_backup() -> Finding:
    now, last = timezone.now(), alarms.last_verified_at()
    if alarms.is_overdue(at=now):
        since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "ever"
        advice = "See Backups in the administration; is the background worker running?"
        return Finding("backups", State.PROBLEM, f"None was verified {since}.", advice)
    if schedule.interval() is None:
        advice = "Switch one on under Backups in the administration."
        return Finding("backups", State.WARNING, "No backup is scheduled.", advice)
    if last is None:
        advice = "One is due within a day; or run manage.py create_backup."
        return Finding("backups", State.WARNING, "There is none yet.", advice)
    if open_alarms := list(alarms.open_alarms()):
        sentence = f"An alarm is open since {open_alarms[0].since:%Y-%m-%d %H:%M} UTC."
        advice = "See Backups in the administration."
        return Finding("backups", State.PROBLEM, sentence, advice)
    return Finding("backups", State.WELL, f"The newest was verified {last:%Y-%m-%d %H:%M} UTC.")


def geo_database() -> list[Finding]:
    now = timezone.now()
    return [_geo(name, geo.state(kind, at=now)) for kind, name in GEO_DATABASES.items()]


def _geo(name: str, found: geo.State) -> Finding:
    what, advice = f"geo database ({name})", "Run manage.py update_geoip."
    if found.status == geo.OFF:
        setting = f"Set GEOIP_{found.kind.upper()}_DATABASE."
        return Finding(what, State.WARNING, f"None: {name} are not evaluated.", setting)
    if found.built_at is None:
        sentence = "It is not there." if found.status == geo.MISSING else "It cannot be read."
        return Finding(what, State.PROBLEM, sentence, advice)
    made_on = f"It is of {found.built_at:%Y-%m-%d}"
    if found.status == geo.OLD:
        return Finding(what, State.WARNING, f"{made_on}, too old to be believed.", advice)
    return Finding(what, State.WELL, f"{made_on}.")


def from_outside() -> list[Finding]:
    """The site as a browser sees it, at SITE_URL: through the proxy, if there is one."""
    url = f"{settings.SITE_URL}/sign-in/"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:  # noqa: S310 - SITE_URL is http or https
            headers = response.headers
    except (urllib.error.URLError, OSError) as error:
        advice = "Start the site; check the name, the certificate and the proxy."
        return [Finding("address", State.PROBLEM, f"{url} does not answer: {error}", advice)]
    missing = [name for name in NEEDED_HEADERS if name not in headers]
    if settings.IS_HTTPS and "Strict-Transport-Security" not in headers:
        missing.append("Strict-Transport-Security")
    if missing:
        advice = "The proxy takes headers away, or speaks plain http to AuthNode without saying so."
        sentence = f"Missing at {url}: {', '.join(missing)}."
        return [Finding("address", State.PROBLEM, sentence, advice)]
    found = [Finding("address", State.WELL, f"{url} answers with all headers.")]
    if settings.IS_HTTPS and not settings.TRUSTED_PROXIES:
        sentence = "https without TRUSTED_PROXIES: behind a proxy everybody counts as one."
        found.append(Finding("proxies", State.WARNING, sentence, "Name the proxy’s address."))
    if not settings.IS_HTTPS and not _is_local(settings.SITE_URL):
        sentence = "SITE_URL is plain http: browsers compute nothing secret there."
        found.append(Finding("https", State.PROBLEM, sentence, "Put a TLS proxy before it."))
    return found


def _is_local(url: str) -> bool:
    return url.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]"))


CHECKS: tuple[tuple[str, Check], ...] = (
    ("keys", keys),
    ("database", database),
    ("cache", cache_and_broker),
    ("scheduler", background),
    ("mail", mail_server),
    ("operators", people),
    ("backups", backups),
    ("geo database", geo_database),
    ("clock", clock),
    ("folder", folder),
    ("address", from_outside),
)
