"""Years of sign-ins that nobody has lived, judged by the real rules.

Four kinds of people and their thieves. What is counted: how often somebody is asked for a further
proof needlessly, in a quarter of a year, and how many thieves of password and code who come from
beyond the radii are caught.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from anomalies import replay, rules

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR, QUARTER = 365, 92
THEFTS_PER_YEAR = 4
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Towns with an airport: country, degrees.
TOWNS = (
    ("DE", 52.5, 13.4), ("DE", 48.1, 11.6), ("ES", 40.4, -3.7), ("GB", 51.5, -0.1),
    ("US", 40.7, -74.0), ("US", 34.1, -118.2), ("BR", -23.6, -46.6), ("ZA", -33.9, 18.4),
    ("IN", 19.1, 72.9), ("SG", 1.4, 103.8), ("JP", 35.7, 139.7), ("AU", -33.9, 151.2),
    ("NZ", -36.8, 174.8), ("EG", 30.0, 31.2), ("PL", 52.2, 21.0), ("MX", 19.4, -99.1),
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What happened to the people of one kind, and to who came in their name."""

    people: int = 0
    sign_ins: int = 0
    alerts: int = 0
    # How often each person was asked in each quarter of the year in which that happened.
    by_quarter: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    thefts: int = 0
    caught: int = 0
    near: int = 0
    near_caught: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return sum(self.by_quarter.values())

    def asked_each_quarter(self) -> float:
        return self.asked / (4 * self.people) if self.people else 0.0

    def share_asked_more_than_once(self) -> float:
        more = sum(1 for count in self.by_quarter.values() if count > 1)
        return more / (4 * self.people) if self.people else 0.0

    def most_in_a_quarter(self) -> int:
        return max(self.by_quarter.values(), default=0)

    def percentile(self, share: float) -> int:
        """So often, or less, is somebody asked in this share of all quarters."""
        asked = sorted(self.by_quarter.values())
        place = math.ceil(share * 4 * self.people) - 1 - (4 * self.people - len(asked))
        return asked[place] if place >= 0 else 0

    def share_caught(self) -> float:
        return self.caught / self.thefts if self.thefts else 1.0

    def add(self, other: Tally) -> None:
        for name in ("people", "sign_ins", "alerts", "thefts", "caught", "near", "near_caught"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.by_quarter.update(other.by_quarter)
        self.rules.update(other.rules)


@dataclass(slots=True)
class Life:
    """One person of a kind: a home, browsers, and days on which they sign in."""

    number: int
    kind: str
    chance: random.Random
    home: rules.Spot
    works_from: int

    def spot_near(self, kilometres: float, radius: int) -> rules.Spot:
        return moved(self.home, kilometres, self.chance, radius)


Day = Callable[[Life, datetime], Iterator[replay.Event]]


def moved(spot: rules.Spot, kilometres: float, chance: random.Random, radius: int) -> rules.Spot:
    """A spot at most this far away, rounded as the records are."""
    north = spot.latitude + chance.uniform(-1, 1) * kilometres / 111
    east = spot.longitude + chance.uniform(-1, 1) * kilometres / 78
    return rules.Spot(
        round(max(-85.0, min(85.0, north)), 1),
        round((east + 180) % 360 - 180, 1),
        radius,
        spot.country,
    )


def town(chance: random.Random, *, but: str = "") -> rules.Spot:
    country, latitude, longitude = chance.choice([one for one in TOWNS if one[0] != but])
    return rules.Spot(latitude, longitude, 20, country)


def event(life: Life, at: datetime, spot: rules.Spot | None, browser: str) -> replay.Event:
    return replay.Event(
        at=at,
        user=str(life.number),
        spot=spot,
        country=spot.country if spot else "",
        browser=browser,
        is_hosting=False,
    )


def commuter(life: Life, day: datetime) -> Iterator[replay.Event]:
    """Home in the morning, an office within sixty kilometres, a phone now and then."""
    morning = day + life.works_from * HOUR + life.chance.random() * HOUR
    yield event(life, morning, life.home, "laptop")
    if life.chance.random() < 0.5:
        yield event(life, morning + 1.5 * HOUR, life.spot_near(60, 50), "office")


def mobile(life: Life, day: datetime) -> Iterator[replay.Event]:
    """A phone behind gateways all over the country, whose places are vague."""
    morning = day + life.works_from * HOUR + life.chance.random() * HOUR
    radius = life.chance.choice([50, 100, 200, 200, 500, 1000])
    yield event(life, morning, life.spot_near(350, radius), "phone")
    if life.chance.random() < 0.4:
        yield event(life, morning + life.chance.random() * 3 * HOUR, life.home, "laptop")


def vpn(life: Life, day: datetime) -> Iterator[replay.Event]:
    """At home and, within the hour, at the exit of a VPN, several times a week."""
    morning = day + life.works_from * HOUR + life.chance.random() * HOUR
    yield event(life, morning, life.home, "laptop")
    if life.chance.random() < 0.4:
        exits = random.Random(life.number)
        # Most people stay with one exit of one provider; some have a second provider.
        provider, spot = 64500, town(exits, but=life.home.country)
        has_second = exits.random() < 0.2
        if life.chance.random() < 0.1:
            spot = town(exits, but=life.home.country)
            provider += has_second
        at = morning + life.chance.uniform(5, 60) * MINUTE
        one = event(life, at, replace(spot, system=provider), "laptop")
        yield replace(one, is_hosting=True)


def traveller(life: Life, day: datetime) -> Iterator[replay.Event]:
    """A journey every sixth week, by plane, with a laptop and a phone, and back after days."""
    number = (day - START).days
    trips = random.Random(life.number)
    offset = trips.randrange(42)
    place, away_for = number - offset, 4
    week = place // 42
    goal = town(random.Random(life.number * 100 + week), but=life.home.country)
    flight = (rules.haversine(life.home, goal) / 850) * HOUR + 3 * HOUR
    morning = day + life.works_from * HOUR + life.chance.random() * HOUR
    on_trip = place % 42
    if on_trip == 0:
        yield event(life, morning, life.home, "laptop")
        yield event(life, morning + flight, goal, "phone")
    elif on_trip < away_for:
        yield event(life, morning, goal, life.chance.choice(["laptop", "phone"]))
    elif on_trip == away_for:
        yield event(life, morning, goal, "laptop")
        yield event(life, morning + flight, life.home, "phone")
    else:
        yield event(life, morning, life.home, life.chance.choice(["laptop", "phone"]))


KINDS: dict[str, Day] = {
    "commuters": commuter,
    "mobile networks": mobile,
    "VPN toggles": vpn,
    "travellers": traveller,
}


def live(kind: str, number: int, *, seed: int, limits: rules.Thresholds) -> Tally:
    """One user and one year."""
    chance = random.Random(f"{seed}|{kind}|{number}")
    life = Life(number, kind, chance, moved(town(chance), 80, chance, 20), chance.randrange(6, 12))
    baseline, tally = replay.Baseline(), Tally(people=1)
    thefts = {chance.randrange(30, YEAR) for _ in range(THEFTS_PER_YEAR)}
    last = START
    for day in range(YEAR):
        if chance.random() < 0.25:
            continue
        for planned in KINDS[kind](life, START + timedelta(days=day)):
            # A late flight ends on the next day; nobody signs in backwards.
            one = planned if planned.at > last else replace(planned, at=last + MINUTE)
            last = one.at
            _sign_in(tally, baseline, one, (kind, number, min(3, day // QUARTER)), limits)
        if day in thefts:
            _steal(tally, baseline, life, last, limits)
    return tally


def _sign_in(
    tally: Tally,
    baseline: replay.Baseline,
    one: replay.Event,
    quarter: tuple[str, int, int],
    limits: rules.Thresholds,
) -> None:
    facts = baseline.facts(one)
    found = rules.assess(facts, limits)
    tally.sign_ins += 1
    level = rules.level_of(found.score, limits)
    tally.alerts += level == rules.MEDIUM
    is_asked = level == rules.HIGH
    if is_asked:
        tally.by_quarter[quarter] += 1
        tally.rules.update(finding.rule for finding in found.findings)
    # They have the further proof, and by showing it they vouch for the place in that browser.
    baseline.learn(one, is_vouched_for=is_asked or facts.is_vouched_for)


def _steal(
    tally: Tally,
    baseline: replay.Baseline,
    life: Life,
    last: datetime,
    limits: rules.Thresholds,
) -> None:
    """Somebody with password and code comes from anywhere, soon after the user was there."""
    chance = life.chance
    spot = rules.Spot(
        round(chance.uniform(-50, 65), 1),
        round(chance.uniform(-180, 180), 1),
        chance.choice([10, 50, 200]),
        chance.choice(["XA", "XB", life.home.country]),
    )
    after = chance.uniform(1, 119) * MINUTE
    one = event(life, last + after, spot, "thief")
    before = baseline.people[one.user].recent[-1].spot
    found = rules.assess(baseline.facts(one), limits)
    is_caught = found.score > limits.verify_above
    is_far = before is not None and rules.effective_distance(before, spot) > limits.travel_km
    if is_far:
        tally.thefts += 1
        tally.caught += is_caught
    else:
        tally.near += 1
        tally.near_caught += is_caught


def run(kind: str, people: range, *, seed: int = 1, limits: rules.Thresholds) -> Tally:
    total = Tally()
    for number in people:
        total.add(live(kind, number, seed=seed, limits=limits))
    return total


def table(tallies: dict[str, Tally]) -> list[str]:
    """The results as lines of text, one a kind."""
    heads = (
        *("years", "sign-ins", "asked", "a quarter", "p95", "p99", "most", "> 1", "told"),
        *("thefts", "caught", "near"),
    )
    widths = (7, 11, 8, 11, 5, 5, 6, 9, 9, 8, 9, 13)
    named = "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    lines = [f"{'kind':17}{named}"]
    total = Tally()
    for kind, tally in tallies.items():
        lines.append(_line(kind, tally))
        total.add(tally)
    lines.append(_line("all", total))
    return lines


def _line(kind: str, tally: Tally) -> str:
    near = f"{tally.near_caught}/{tally.near}"
    return (
        f"{kind:17}{tally.people:7}{tally.sign_ins:11}{tally.asked:8}"
        f"{tally.asked_each_quarter():11.4f}{tally.percentile(0.95):5}{tally.percentile(0.99):5}"
        f"{tally.most_in_a_quarter():6}{tally.share_asked_more_than_once():9.3%}"
        f"{tally.alerts:9}{tally.thefts:8}{tally.share_caught():9.2%}{near:>13}"
    )
