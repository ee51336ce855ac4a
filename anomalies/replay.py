"""The baseline of many users in memory: the same facts as from the database, for a replay.

`manage.py replay_sign_ins` scores a recorded history with it, and the simulator of `bench/` years
that nobody has lived. A test holds it against what the database gathers.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anomalies import rules

RECENT = 50
FAILURES_WITHIN = timedelta(minutes=15)
COUNTRY_LASTS = timedelta(days=90)
VOUCHING_LASTS = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Event:
    """One attempt of a history."""

    at: datetime
    user: str
    spot: rules.Spot | None = None
    country: str = ""
    browser: str = ""
    network: str = ""
    system: str = ""
    is_hosting: bool | None = None
    has_failed: bool = False
    hour: int | None = None


@dataclass(slots=True)
class Seen:
    """A verified sign-in and what became of it."""

    at: datetime
    signed_in_at: datetime
    spot: rules.Spot | None
    browser: str
    is_vouched_for: bool
    hour: int


@dataclass(slots=True)
class Person:
    recent: deque[Seen] = field(default_factory=lambda: deque(maxlen=RECENT))
    countries: dict[str, datetime] = field(default_factory=dict)
    browsers: set[str] = field(default_factory=set)
    trusted: list[tuple[str, rules.Spot | None]] = field(default_factory=list)
    # When somebody last vouched for a place from a browser.
    vouched: dict[tuple[str, rules.Spot], datetime] = field(default_factory=dict)
    failures: deque[datetime] = field(default_factory=lambda: deque(maxlen=50))


class Baseline:
    """What has been learnt so far, user by user."""

    def __init__(
        self, *, country_lasts: timedelta = COUNTRY_LASTS, within: timedelta = FAILURES_WITHIN
    ) -> None:
        self.country_lasts, self.within = country_lasts, within
        self.people: dict[str, Person] = defaultdict(Person)
        self.networks: dict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=50))

    def facts(self, event: Event) -> rules.Facts:
        person = self.people[event.user]
        is_known = event.browser in person.browsers
        last = person.countries.get(event.country)
        is_country_known = last is not None and event.at - last <= self.country_lasts
        if is_known and any(code == event.country for code, spot in person.trusted if not spot):
            is_country_known = True
        hour = _hour(event)
        newest_first = list(reversed(person.recent))
        return rules.Facts(
            at=event.at,
            spot=event.spot,
            country=event.country,
            priors=[
                rules.Past(
                    seen.at,
                    seen.spot,
                    is_known
                    and seen.spot is not None
                    and (
                        (seen.is_vouched_for and seen.browser == event.browser)
                        or _covers(person, seen.spot)
                    ),
                )
                for seen in newest_first[: rules.PRIORS]
            ],
            is_first=not person.recent,
            is_country_known=is_country_known,
            is_browser_known=is_known,
            failures_from_network=self._count(self.networks.get(event.network), event.at),
            failures_of_user=self._count(person.failures, event.at),
            is_hosting=event.is_hosting,
            network=event.system,
            hour=hour,
            hours=[seen.hour for seen in person.recent],
            is_vouched_for=is_known and self._is_vouched_for(person, event),
        )

    def learn(self, event: Event, *, is_vouched_for: bool = False) -> None:
        """The sign-in went through, perhaps with a further proof."""
        person = self.people[event.user]
        person.recent.append(
            Seen(event.at, event.at, event.spot, event.browser, is_vouched_for, _hour(event))
        )
        person.browsers.add(event.browser)
        if is_vouched_for and event.spot is not None:
            person.vouched[event.browser, event.spot] = event.at
        if event.country:
            person.countries[event.country] = event.at

    def fail(self, event: Event) -> None:
        """Nothing is learnt from it, but it is counted."""
        self.people[event.user].failures.append(event.at)
        if event.network:
            self.networks[event.network].append(event.at)

    def see(self, user: str, at: datetime) -> None:
        """The newest session of the user is still heard of."""
        person = self.people[user]
        if person.recent:
            person.recent[-1].at = at

    def trust(self, user: str, country: str, spot: rules.Spot | None = None) -> None:
        self.people[user].trusted.append((country, spot))

    def _is_vouched_for(self, person: Person, event: Event) -> bool:
        if event.spot is None:
            return False
        if _covers(person, event.spot):
            return True
        return any(
            browser == event.browser
            and event.at - at <= VOUCHING_LASTS
            and rules.is_same_place(place, event.spot)
            for (browser, place), at in person.vouched.items()
        )

    def _count(self, failures: deque[datetime] | None, at: datetime) -> int:
        if not failures:
            return 0
        return sum(1 for failed_at in failures if failed_at > at - self.within)


def _covers(person: Person, spot: rules.Spot) -> bool:
    return any(
        country == spot.country if place is None else rules.is_same_place(place, spot)
        for country, place in person.trusted
    )


def _hour(event: Event) -> int:
    return event.at.hour if event.hour is None else event.hour
