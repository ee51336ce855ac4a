"""What is stored about somebody's sign-ins, asked for by statements that are written out.

They are on the way of everybody who signs in: having them put together each time took several
times as long as their answers. Every one of them is met by an index, however much is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from anomalies.models import LoginAttempt

# Enough for the hours of somebody's day and for the last journeys.
RECENT = 50
VERIFIED = "FROM anomalies_loginattempt WHERE user_id = %(user)s AND is_verified"
REFUSED = "FROM anomalies_loginattempt WHERE outcome = 'refused' AND at > %(failed_since)s"
SIGNS = f"""
SELECT
  EXISTS (SELECT 1 {VERIFIED} AND browser_key = %(browser)s),
  EXISTS (SELECT 1 {VERIFIED} AND country = %(country)s AND at >= %(country_since)s),
  EXISTS (SELECT 1 {VERIFIED} AND is_vouched_for AND browser_key = %(browser)s),
  EXISTS (SELECT 1 FROM anomalies_trustedplace WHERE user_id = %(user)s),
  (SELECT count(*) FROM (
    SELECT 1 {REFUSED} AND network = %(network)s LIMIT %(failures)s) AS from_network),
  (SELECT count(*) FROM (
    SELECT 1 {REFUSED} AND user_id = %(user)s LIMIT %(failures)s) AS of_user)
"""  # noqa: S608 - two parts that lie above
RECENTLY = f"""
SELECT at, latitude, longitude, accuracy_radius, country, city, system_number, browser_key,
  is_vouched_for, seen_at, seen_latitude, seen_longitude, seen_radius, seen_country
{VERIFIED} ORDER BY at DESC LIMIT {RECENT}
"""
VOUCHED = f"""
SELECT latitude, longitude, accuracy_radius, country, city, system_number
{VERIFIED} AND is_vouched_for AND browser_key = %(browser)s AND at >= %(since)s
  AND latitude IS NOT NULL
ORDER BY at DESC LIMIT {RECENT}
"""


class Place(NamedTuple):
    """A place as the database hands it over."""

    latitude: float | None
    longitude: float | None
    accuracy_radius: int | None
    country: str
    city: str = ""
    system_number: int | None = None


class Recent(NamedTuple):
    """What is needed of a verified sign-in."""

    at: datetime
    place: Place
    browser_key: str
    is_vouched_for: bool
    seen_at: datetime | None
    seen_place: Place


@dataclass(frozen=True, slots=True)
class Signs:
    """Yes, no or how many. None: the question could not be asked."""

    is_browser_known: bool | None = None
    is_country_known: bool | None = None
    # Without an answer the rows themselves are looked for.
    has_vouched: bool = True
    has_trusted: bool = True
    failures_from_network: int | None = None
    failures_of_user: int | None = None


def signs(
    user_id: UUID,
    *,
    browser_key: str,
    country: str,
    country_since: datetime,
    network: str,
    failed_since: datetime,
    failures: int,
) -> Signs:
    """Of failures no more are counted than asked about: somebody may have failed often."""
    (row,) = _ask(
        SIGNS,
        {
            "user": _id(user_id),
            "browser": browser_key,
            "country": country,
            "country_since": _time(country_since),
            "network": network,
            "failed_since": _time(failed_since),
            "failures": failures,
        },
    )
    return Signs(*map(bool, row[:4]), *map(int, row[4:]))


def recent(user_id: UUID) -> list[Recent]:
    """The newest verified sign-ins."""
    return [
        Recent(
            _aware(row[0]),
            Place(*row[1:7]),
            row[7],
            bool(row[8]),
            _aware(row[9]) if row[9] else None,
            Place(*row[10:14]),
        )
        for row in _ask(RECENTLY, {"user": _id(user_id)})
    ]


def vouched(user_id: UUID, *, browser_key: str, since: datetime) -> list[Place]:
    """The places that the user has vouched for from this browser."""
    asked = {"user": _id(user_id), "browser": browser_key, "since": _time(since)}
    return [Place(*row) for row in _ask(VOUCHED, asked)]


def _ask(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _id(user_id: UUID) -> Any:
    return LoginAttempt._meta.pk.get_db_prep_value(user_id, connection)


def _time(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _aware(at: datetime) -> datetime:
    """SQLite keeps times in UTC without saying so."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
