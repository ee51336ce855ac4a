"""From what is stored to the facts that the rules judge. The number of queries is constant."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts.models import User
from anomalies import hosting, rules
from anomalies.models import LoginAttempt, TrustedPlace
from anomalies.models.attempt import LoginAttemptQuerySet
from core import client, geo

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
# Enough for the hours of somebody's day and for the last journeys.
RECENT = 50
VOUCHING_LASTS = timedelta(days=90)


SPOT = ("latitude", "longitude", "accuracy_radius", "country", "city", "system_number")


class Recent(NamedTuple):
    """What is needed of a verified sign-in, as the database hands it over."""

    at: datetime
    latitude: float | None
    longitude: float | None
    accuracy_radius: int | None
    country: str
    city: str
    system_number: int | None
    browser_key: str
    is_vouched_for: bool
    seen_at: datetime | None
    seen_latitude: float | None
    seen_longitude: float | None
    seen_radius: int | None
    seen_country: str


@dataclass(frozen=True, slots=True)
class Located:
    """Where an address is, as far as the databases know, rounded to a tenth of a degree."""

    address: str
    place: geo.Place | None
    system: geo.Network | None

    @property
    def spot(self) -> rules.Spot | None:
        place = self.place
        if place is None or place.latitude is None or place.longitude is None:
            return None
        return rules.Spot(
            place.latitude,
            place.longitude,
            place.accuracy_radius,
            place.country_code,
            place.city,
            hosting.system_of(self.system.number if self.system else None),
        )

    def columns(self) -> dict[str, object]:
        """The columns of an attempt."""
        place, system, spot = self.place, self.system, self.spot
        return {
            "address": self.address,
            "network": client.network(self.address),
            "country": place.country_code if place else "",
            "country_name": place.country if place else "",
            "city": place.city if place else "",
            "latitude": spot.latitude if spot else None,
            "longitude": spot.longitude if spot else None,
            "accuracy_radius": place.accuracy_radius if place else None,
            "system_number": system.number if system else None,
            "system_name": system.name if system else "",
        }


def locate(address: str, *, at: datetime) -> Located:
    """Look an address up; a fault of a look-up is as good as no database."""
    place = _or(None, lambda: geo.locate(address, at=at))
    if place is not None and place.latitude is not None and place.longitude is not None:
        place = geo.Place(
            place.country,
            place.city,
            round(place.latitude, 1),
            round(place.longitude, 1),
            place.accuracy_radius,
            place.country_code,
        )
    return Located(address, place, _or(None, lambda: geo.network_of(address, at=at)))


def gather(
    user: User, located: Located, *, browser_key: str, at: datetime
) -> tuple[rules.Facts, bool | None]:
    """The facts of a sign-in, and whether its browser is known."""
    verified = LoginAttempt.objects.filter(user=user).verified()
    is_known = _or(None, lambda: verified.filter(browser_key=browser_key).exists())
    trusted: list[TrustedPlace] = _or([], lambda: list(TrustedPlace.objects.filter(user=user)))
    recent: list[Recent] = _or([], lambda: _recent(verified))
    vouched: list[rules.Spot | None] = _or([], lambda: _vouched(verified, browser_key, at=at))
    country = located.place.country_code if located.place else ""
    since = at - timedelta(days=settings.ANOMALIES_COUNTRY_DAYS)
    is_country_known = _or(None, lambda: verified.filter(country=country, at__gte=since).exists())
    if is_known and any(place.country == country for place in trusted if not place.city):
        is_country_known = True
    from_network = LoginAttempt.objects.filter(network=client.network(located.address))
    zone = _zone_of(user)
    facts = rules.Facts(
        at=at,
        spot=located.spot,
        country=country,
        country_name=located.place.country if located.place else "",
        priors=[
            _past(row, browser_key, trusted, is_known=bool(is_known))
            for row in recent[: rules.PRIORS]
        ],
        is_first=not recent,
        is_country_known=is_country_known,
        is_browser_known=is_known,
        failures_from_network=_or(None, lambda: _failures(from_network, at)),
        failures_of_user=_or(None, lambda: _failures(LoginAttempt.objects.filter(user=user), at)),
        is_hosting=hosting.is_hosting(located.system.number) if located.system else None,
        network=located.system.name if located.system else "",
        hour=at.astimezone(zone).hour,
        hours=[row.at.astimezone(zone).hour for row in recent],
        is_vouched_for=bool(is_known) and _is_vouched_for(located.spot, vouched, trusted),
    )
    return facts, is_known


def vouched_for(user: User, spot: rules.Spot | None, *, browser_key: str, at: datetime) -> bool:
    """Whether the user has vouched for this place, or trusts it, and the browser is known."""
    verified = LoginAttempt.objects.filter(user=user).verified()
    if not verified.filter(browser_key=browser_key).exists():
        return False
    vouched = _vouched(verified, browser_key, at=at)
    trusted = list(TrustedPlace.objects.filter(user=user))
    return _is_vouched_for(spot, vouched, trusted)


def _vouched(
    verified: LoginAttemptQuerySet, browser_key: str, *, at: datetime
) -> list[rules.Spot | None]:
    """The places that the user has vouched for from this browser, lately."""
    rows = verified.filter(
        browser_key=browser_key, is_vouched_for=True, at__gte=at - VOUCHING_LASTS
    )
    columns = rows.exclude(latitude=None).values_list(*SPOT)
    return list({_spot(*place) for place in columns.order_by("-at")[:RECENT]})


def _recent(verified: LoginAttemptQuerySet) -> list[Recent]:
    # Rows and no objects: this is on the way of everybody who signs in.
    columns = verified.order_by("-at").values_list(*Recent._fields)
    return [Recent(*row) for row in columns[:RECENT]]


def _spot(
    latitude: float | None,
    longitude: float | None,
    radius: int | None,
    country: str,
    city: str = "",
    system: int | None = None,
) -> rules.Spot | None:
    if latitude is None or longitude is None:
        return None
    return rules.Spot(latitude, longitude, radius, country, city, hosting.system_of(system))


def _past(
    row: Recent, browser_key: str, trusted: list[TrustedPlace], *, is_known: bool
) -> rules.Past:
    spot, at = _spot(*row[1:7]), row.at
    if row.seen_at is not None:
        # The session that came of it was heard of later, and perhaps from elsewhere.
        at = row.seen_at
        spot = _spot(*row[10:14]) or spot
    is_vouched_for = (
        is_known
        and spot is not None
        and (
            (row.is_vouched_for and row.browser_key == browser_key)
            or any(place.covers(spot) for place in trusted)
        )
    )
    return rules.Past(at, spot, is_vouched_for)


def _is_vouched_for(
    spot: rules.Spot | None,
    vouched: list[rules.Spot | None],
    trusted: list[TrustedPlace],
) -> bool:
    if spot is None:
        return False
    if any(place.covers(spot) for place in trusted):
        return True
    return any(place and rules.is_same_place(place, spot) for place in vouched)


def _failures(rows: object, at: datetime) -> int:
    since = at - timedelta(minutes=settings.ANOMALIES_FAILURES_MINUTES)
    failed = rows.failed(since=since)  # type: ignore[attr-defined]
    # No more than the rule asks about: somebody may have failed a thousand times.
    return len(failed.values_list("pk")[: settings.ANOMALIES_FAILURES])


def _zone_of(user: User) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(user.time_zone or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def _or(default: Answer, ask: Callable[[], Answer]) -> Answer:
    """The answer, or the default when asking fails; a database that is away is no such thing."""
    try:
        return ask()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("A fact about a sign-in could not be gathered.")
        return default
