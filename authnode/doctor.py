"""Looks at everything a running site hangs on, and says what to do where something is wrong.

Each check answers findings; it never changes anything. One that fails itself is a problem too:
nothing counts as well because it could not be asked.
"""

from __future__ import annotations

import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import maxminddb
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from accounts import factors, operators
from authnode import startup
from authnode.celery import app as celery
from core import keycheck
from jobs import services as jobs
from jobs.models import Job

BEAT_IS_LATE_AFTER = timedelta(minutes=3)
JOBS_ARE_LATE_AFTER = timedelta(minutes=15)
GEO_IS_OLD_AFTER = timedelta(days=60)
CLOCK_MAY_DIFFER = timedelta(seconds=5)
SECONDS = 5
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


def geo_database() -> list[Finding]:
    if not settings.GEOIP_CITY_DATABASE:
        sentence = "None: places are not evaluated."
        return [Finding("geo database", State.WARNING, sentence, "Set GEOIP_CITY_DATABASE.")]
    path = Path(settings.GEOIP_CITY_DATABASE)
    try:
        with maxminddb.open_database(path) as reader:
            made_at = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
    except (OSError, maxminddb.InvalidDatabaseError):
        sentence = f"{path} is not there or cannot be read."
        return [Finding("geo database", State.PROBLEM, sentence, "Run manage.py update_geoip.")]
    if timezone.now() - made_at > GEO_IS_OLD_AFTER:
        sentence = f"It is of {made_at:%Y-%m-%d}, too old to be believed."
        return [Finding("geo database", State.WARNING, sentence, "Run manage.py update_geoip.")]
    return [Finding("geo database", State.WELL, f"It is of {made_at:%Y-%m-%d}.")]


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
    ("geo database", geo_database),
    ("clock", clock),
    ("folder", folder),
    ("address", from_outside),
)
