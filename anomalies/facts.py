"""From what is stored to the facts that the rules judge.

However much is stored, that takes two queries, and one more each for somebody who has vouched for
places or trusts some.
"""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts.models import User
from anomalies import hosting, past, rules
from anomalies.models import LoginAttempt, TrustedPlace
from core import client, geo

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
VOUCHING_LASTS = timedelta(days=90)


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
    country = located.place.country_code if located.place else ""
    signs = _or(past.Signs(), lambda: _signs(user, located, country, browser_key, at=at))
    is_known, is_country_known = signs.is_browser_known, signs.is_country_known
    recent: list[past.Recent] = _or([], lambda: past.recent(user.pk))
    vouched: list[rules.Spot] = []
    trusted: list[TrustedPlace] = []
    if signs.has_vouched:
        vouched = _or([], lambda: _vouched(user, browser_key, at=at))
    if signs.has_trusted:
        trusted = _or([], lambda: _trusted(user))
    if is_known and any(place.country == country for place in trusted if not place.city):
        is_country_known = True
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
        failures_from_network=signs.failures_from_network,
        failures_of_user=signs.failures_of_user,
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
    return _is_vouched_for(spot, _vouched(user, browser_key, at=at), _trusted(user))


def _signs(
    user: User, located: Located, country: str, browser_key: str, *, at: datetime
) -> past.Signs:
    return past.signs(
        user.pk,
        browser_key=browser_key,
        country=country,
        country_since=at - timedelta(days=settings.ANOMALIES_COUNTRY_DAYS),
        network=client.network(located.address),
        failed_since=at - timedelta(minutes=settings.ANOMALIES_FAILURES_MINUTES),
        failures=settings.ANOMALIES_FAILURES,
    )


def _vouched(user: User, browser_key: str, *, at: datetime) -> list[rules.Spot]:
    rows = past.vouched(user.pk, browser_key=browser_key, since=at - VOUCHING_LASTS)
    return [spot for place in dict.fromkeys(rows) if (spot := _spot(place))]


def _trusted(user: User) -> list[TrustedPlace]:
    return list(TrustedPlace.objects.filter(user=user))


def _spot(place: past.Place) -> rules.Spot | None:
    if place.latitude is None or place.longitude is None:
        return None
    return rules.Spot(
        place.latitude,
        place.longitude,
        place.accuracy_radius,
        place.country,
        place.city,
        hosting.system_of(place.system_number),
    )


def _past(
    row: past.Recent, browser_key: str, trusted: list[TrustedPlace], *, is_known: bool
) -> rules.Past:
    spot, at = _spot(row.place), row.at
    if row.seen_at is not None:
        # The session that came of it was heard of later, and perhaps from elsewhere.
        at = row.seen_at
        spot = _spot(row.seen_place) or spot
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
    spot: rules.Spot | None, vouched: list[rules.Spot], trusted: list[TrustedPlace]
) -> bool:
    if spot is None:
        return False
    if any(place.covers(spot) for place in trusted):
        return True
    return any(rules.is_same_place(place, spot) for place in vouched)


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
