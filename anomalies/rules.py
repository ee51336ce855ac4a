"""The rules: what makes a sign-in unusual. One small pure function each.

A rule gets the facts of a sign-in and the thresholds, and answers a finding or None. It raises
NotEvaluated when the facts it needs are missing, which counts neither for nor against anybody.
The score is the capped sum of the findings' points: adding a finding never lowers it, and it can
be computed again from what is stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

EARTH_KM = 6371.0088
# An address without a stated radius may be anywhere in a small country; one with a larger radius
# than this says nothing about distances.
RADIUS_UNKNOWN = 500
RADIUS_USELESS = 1000
SHORTEST = timedelta(seconds=60)
PRIORS = 10
PRIORS_LAST = timedelta(days=30)
# How close to a place it still is that place.
SAME_PLACE_KM = 100
HOURS_AROUND = 2
MOST = 100
LOW, MEDIUM, HIGH = "low", "medium", "high"


class NotEvaluated(Exception):
    """A rule lacks what it needs; the word says what."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was: degrees, the radius in kilometres, and the country's code."""

    latitude: float
    longitude: float
    radius: int | None = None
    country: str = ""
    city: str = ""
    # The number of its network where that is one of a hosting company, as those of VPNs are.
    system: int = 0

    @property
    def name(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)


@dataclass(frozen=True, slots=True)
class Past:
    """A fully verified sign-in, or the last request of a live session."""

    at: datetime
    spot: Spot | None
    # Whether the user has vouched for this place from this very browser.
    is_vouched_for: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known about a sign-in before it is judged. None: not known."""

    at: datetime
    spot: Spot | None
    country: str = ""
    country_name: str = ""
    priors: Sequence[Past] = ()
    is_first: bool = False
    is_country_known: bool | None = None
    is_browser_known: bool | None = None
    failures_from_network: int | None = 0
    failures_of_user: int | None = 0
    is_hosting: bool | None = None
    network: str = ""
    hour: int = 0
    hours: Sequence[int] = ()
    # A place that the user trusts, from a browser that is known: no travel is counted.
    is_vouched_for: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a rule speaks and how many points it adds. The defaults are those of the settings."""

    travel_km: int = 500
    travel_hours: int = 2
    travel_points: int = 75
    speed_kmh: int = 900
    speed_points: int = 60
    country_points: int = 40
    failures: int = 5
    address_points: int = 40
    user_points: int = 25
    browser_points: int = 15
    network_points: int = 15
    hour_points: int = 10
    hour_after: int = 20
    tell_at: int = 40
    verify_above: int = 70


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says: its points, and the words that its sentence needs."""

    rule: str
    points: int
    words: Mapping[str, str | int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "points": self.points, "words": dict(self.words)}


@dataclass(frozen=True, slots=True)
class Assessment:
    findings: tuple[Finding, ...]
    # The rules that could not be evaluated, each with the word why.
    unevaluated: Mapping[str, str]

    @property
    def score(self) -> int:
        return score_of(finding.points for finding in self.findings)


Rule = Callable[[Facts, Thresholds], Finding | None]


def haversine(one: Spot, other: Spot) -> float:
    """Kilometres between two points on the ground, also over the poles and the date line."""
    south, north = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    part = (
        math.sin((north - south) / 2) ** 2
        + math.cos(south) * math.cos(north) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, part)))


def effective_distance(one: Spot, other: Spot) -> float:
    """The least that lies between two places, as far as their radii tell; raises NotEvaluated."""
    first = RADIUS_UNKNOWN if one.radius is None else one.radius
    second = RADIUS_UNKNOWN if other.radius is None else other.radius
    if first > RADIUS_USELESS or second > RADIUS_USELESS:
        raise NotEvaluated("radius")
    if one.latitude == other.latitude and one.longitude == other.longitude:
        return 0.0
    return max(0.0, haversine(one, other) - first - second)


def travel_points(kilometres: float, took: timedelta, limits: Thresholds) -> int:
    """What a journey of this length in this time is worth."""
    # A clock that went back makes a journey no easier.
    took = max(took, SHORTEST)
    if kilometres > limits.travel_km and took < timedelta(hours=limits.travel_hours):
        return limits.travel_points
    if took >= timedelta(hours=limits.travel_hours):
        speed = kilometres / (took / timedelta(hours=1))
        return limits.speed_points if speed > limits.speed_kmh else 0
    return 0


def impossible_travel(facts: Facts, limits: Thresholds) -> Finding | None:
    """Nobody gets here from a place of the last month's sign-ins in that time."""
    if facts.spot is None:
        raise NotEvaluated("place")
    if facts.is_vouched_for:
        return None
    recent = [past for past in facts.priors if facts.at - past.at <= PRIORS_LAST][:PRIORS]
    worst, was_comparable = None, False
    for past in recent:
        if past.spot is None or past.is_vouched_for:
            continue
        try:
            kilometres = effective_distance(past.spot, facts.spot)
        except NotEvaluated:
            continue
        was_comparable = True
        if not kilometres:
            continue
        points = travel_points(kilometres, facts.at - past.at, limits)
        if points and (worst is None or points > worst.points):
            worst = _journey(past, facts, points, kilometres)
    is_vague = [past for past in recent if past.spot is not None and not past.is_vouched_for]
    if is_vague and not was_comparable:
        raise NotEvaluated("radius")
    return worst


def _journey(past: Past, facts: Facts, points: int, kilometres: float) -> Finding:
    minutes = max(1, round((facts.at - past.at) / timedelta(minutes=1)))
    words: dict[str, str | int] = {"kilometres": int(kilometres), "minutes": minutes}
    if past.spot is not None:
        words["place"] = past.spot.name
    return Finding("impossible_travel", points, words)


def new_country(facts: Facts, limits: Thresholds) -> Finding | None:
    """No verified sign-in of the last ninety days came from this country."""
    if not facts.country:
        raise NotEvaluated("country")
    if facts.is_first or facts.is_country_known is None or facts.is_country_known:
        return None
    return Finding(
        "new_country", limits.country_points, {"country": facts.country_name or facts.country}
    )


def failures_from_address(facts: Facts, limits: Thresholds) -> Finding | None:
    """Many attempts from this address have failed, whoever they were for."""
    if facts.failures_from_network is None:
        raise NotEvaluated("failures")
    if facts.failures_from_network < limits.failures:
        return None
    return Finding("failures_from_address", limits.address_points)


def failures_of_user(facts: Facts, limits: Thresholds) -> Finding | None:
    """Many attempts for this user have failed, wherever they came from."""
    if facts.failures_of_user is None:
        raise NotEvaluated("failures")
    if facts.failures_of_user < limits.failures:
        return None
    return Finding("failures_of_user", limits.user_points)


def new_browser(facts: Facts, limits: Thresholds) -> Finding | None:
    """This browser has not been used for a verified sign-in."""
    if facts.is_browser_known is None:
        raise NotEvaluated("browser")
    if facts.is_first or facts.is_browser_known:
        return None
    return Finding("new_browser", limits.browser_points)


def hosting_network(facts: Facts, limits: Thresholds) -> Finding | None:
    """The address belongs to a network that hosts servers or hides where people are."""
    if facts.is_hosting is None:
        raise NotEvaluated("network")
    if not facts.is_hosting:
        return None
    return Finding("hosting_network", limits.network_points, {"network": facts.network})


def unusual_hour(facts: Facts, limits: Thresholds) -> Finding | None:
    """None of this user's sign-ins was near this hour of their day."""
    if len(facts.hours) < limits.hour_after:
        raise NotEvaluated("history")
    if any(_hours_between(facts.hour, hour) <= HOURS_AROUND for hour in facts.hours):
        return None
    return Finding("unusual_hour", limits.hour_points, {"hour": facts.hour})


def _hours_between(one: int, other: int) -> int:
    apart = abs(one - other) % 24
    return min(apart, 24 - apart)


RULES: Mapping[str, Rule] = {
    "impossible_travel": impossible_travel,
    "new_country": new_country,
    "failures_from_address": failures_from_address,
    "failures_of_user": failures_of_user,
    "new_browser": new_browser,
    "hosting_network": hosting_network,
    "unusual_hour": unusual_hour,
}


def assess(
    facts: Facts,
    limits: Thresholds,
    *,
    on_fault: Callable[[str], object] | None = None,
    rules: Mapping[str, Rule] | None = None,
) -> Assessment:
    """Ask every rule. One that fails is not evaluated, and `on_fault` hears its name."""
    findings, unevaluated = [], {}
    for name, rule in (RULES if rules is None else rules).items():
        try:
            finding = rule(facts, limits)
        except NotEvaluated as reason:
            unevaluated[name] = str(reason)
        except Exception:  # noqa: BLE001 - whatever a rule raises, `on_fault` logs it
            # A fault of ours must neither keep anybody out nor hide what the others find.
            if on_fault is not None:
                on_fault(name)
            unevaluated[name] = "fault"
        else:
            if finding is not None and finding.points:
                findings.append(finding)
    return Assessment(tuple(findings), unevaluated)


def score_of(points: Iterable[int]) -> int:
    """The capped sum."""
    return min(MOST, sum(max(0, number) for number in points))


def level_of(score: int, limits: Thresholds) -> str:
    if score > limits.verify_above:
        return HIGH
    return MEDIUM if score >= limits.tell_at else LOW


def is_same_place(one: Spot, other: Spot, *, within: int = SAME_PLACE_KM) -> bool:
    """Whether two spots are one place for somebody who vouches for one of them.

    The exits of one VPN are, wherever they stand.
    """
    if one.system and one.system == other.system:
        return True
    return one.country == other.country and haversine(one, other) <= within
