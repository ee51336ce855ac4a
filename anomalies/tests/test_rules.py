"""Every rule at its border, and the score that comes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anomalies import rules
from anomalies.rules import Facts, NotEvaluated, Past, Spot, Thresholds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Thresholds()
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
HOME = Spot(0.0, 0.0, 0, "AA", "Home")
DEGREE = rules.haversine(Spot(0, 0), Spot(0, 1))


def east(kilometres: float, radius: int = 0) -> Spot:
    """A spot this far east of HOME, on the equator."""
    return Spot(0.0, kilometres / DEGREE, radius, "BB", "Away")


def travel(kilometres: float, took: timedelta, radii: tuple[int, int] = (0, 0)) -> int:
    home = Spot(0.0, 0.0, radii[0], "AA", "Home")
    facts = Facts(at=NOW, spot=east(kilometres, radii[1]), priors=[Past(NOW - took, home)])
    finding = rules.impossible_travel(facts, LIMITS)
    return finding.points if finding else 0


@pytest.mark.parametrize(
    ("kilometres", "took", "points"),
    [
        (499.9, 2 * HOUR - SECOND, 0),
        (500.0 - 1e-6, 2 * HOUR - SECOND, 0),
        (500.1, 2 * HOUR - SECOND, 75),
        (499.9, 2 * HOUR, 0),
        (500.0 - 1e-6, 2 * HOUR, 0),
        (500.1, 2 * HOUR, 0),
        (499.9, 2 * HOUR + SECOND, 0),
        (500.0 - 1e-6, 2 * HOUR + SECOND, 0),
        (500.1, 2 * HOUR + SECOND, 0),
        # Longer gaps: faster than 900 km/h.
        (1799.0, 2 * HOUR, 0),
        (1801.0, 2 * HOUR, 60),
        (1801.0, 2 * HOUR - SECOND, 75),
        (8999.0, 10 * HOUR, 0),
        (9001.0, 10 * HOUR, 60),
        (20000.0, 30 * HOUR, 0),
        # At once, and before: the clock went back.
        (501.0, timedelta(0), 75),
        (501.0, -3 * HOUR, 75),
        (499.0, -3 * HOUR, 0),
    ],
)
def test_judges_a_journey_at_its_borders(kilometres: float, took: timedelta, points: int) -> None:
    assert travel(kilometres, took) == points


def test_exactly_the_limit_is_no_journey() -> None:
    assert rules.travel_points(500.0, 2 * HOUR - SECOND, LIMITS) == 0
    assert rules.travel_points(500.0 + 1e-9, 2 * HOUR - SECOND, LIMITS) == 75
    assert rules.travel_points(1800.0, 2 * HOUR, LIMITS) == 0


@pytest.mark.parametrize(
    ("radii", "points"),
    [((0, 0), 75), ((50, 49), 75), ((50, 51), 0), ((200, 0), 0), ((1000, 0), 0)],
)
def test_takes_both_radii_off(radii: tuple[int, int], points: int) -> None:
    assert travel(600.05, HOUR, radii) == points


def test_a_place_without_a_radius_may_be_far_off() -> None:
    unknown = Spot(0.0, 0.0, None, "AA")

    assert rules.effective_distance(unknown, east(900)) == pytest.approx(400, abs=0.1)
    with pytest.raises(NotEvaluated):
        rules.effective_distance(HOME, east(9000, radius=1001))


def test_is_not_evaluated_when_all_places_are_vague() -> None:
    facts = Facts(at=NOW, spot=east(9000, radius=2000), priors=[Past(NOW - HOUR, HOME)])

    with pytest.raises(NotEvaluated, match="radius"):
        rules.impossible_travel(facts, LIMITS)


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        (Spot(0, 179.9), Spot(0, -179.9), 22.2),
        (Spot(89.9, 0), Spot(89.9, 180), 22.2),
        (Spot(-89.9, 10), Spot(-89.9, -170), 22.2),
        (Spot(90, 0), Spot(-90, 0), 20015.1),
        (Spot(0, 0), Spot(0, 180), 20015.1),
        (Spot(52.5, 13.4), Spot(48.1, 11.6), 505.6),
        (Spot(52.5, 13.4), Spot(52.5, 13.4), 0.0),
    ],
)
def test_measures_over_the_date_line_and_the_poles(
    one: Spot, other: Spot, kilometres: float
) -> None:
    assert rules.haversine(one, other) == pytest.approx(kilometres, abs=0.5)
    assert rules.haversine(other, one) == pytest.approx(kilometres, abs=0.5)


def test_compares_with_the_last_ten_of_a_month() -> None:
    far = east(5000)
    near = [Past(NOW - HOUR * number, HOME) for number in range(3, 13)]
    old = Past(NOW - timedelta(days=31), Spot(0, 90, 0, "CC"))

    def finds(*priors: Past) -> bool:
        return rules.impossible_travel(Facts(at=NOW, spot=HOME, priors=priors), LIMITS) is not None

    assert finds(*near[:9], Past(NOW - HOUR, far))
    assert not finds(*near[:10], Past(NOW - HOUR, far))
    assert not finds(old)


def test_the_worst_journey_counts() -> None:
    facts = Facts(
        at=NOW,
        spot=HOME,
        priors=[Past(NOW - 3 * HOUR, east(5000)), Past(NOW - HOUR, east(600))],
    )

    finding = rules.impossible_travel(facts, LIMITS)

    assert finding is not None
    assert (finding.points, finding.words["kilometres"]) == (75, 599)


def test_somebody_who_is_vouched_for_travels_not_at_all() -> None:
    far = [Past(NOW - HOUR, east(5000))]
    trusted = [Past(NOW - HOUR, east(5000), is_vouched_for=True)]

    assert rules.impossible_travel(Facts(at=NOW, spot=HOME, priors=far), LIMITS)
    assert not rules.impossible_travel(Facts(at=NOW, spot=HOME, priors=trusted), LIMITS)
    vouched = Facts(at=NOW, spot=HOME, priors=far, is_vouched_for=True)
    assert not rules.impossible_travel(vouched, LIMITS)


@pytest.mark.parametrize(
    ("rule", "known", "points"),
    [
        ("new_country", {"country": "SG", "is_country_known": False}, 40),
        ("new_country", {"country": "SG", "is_country_known": True}, 0),
        ("new_country", {"country": "SG", "is_country_known": False, "is_first": True}, 0),
        ("failures_from_address", {"failures_from_network": 4}, 0),
        ("failures_from_address", {"failures_from_network": 5}, 40),
        ("failures_of_user", {"failures_of_user": 4}, 0),
        ("failures_of_user", {"failures_of_user": 5}, 25),
        ("new_browser", {"is_browser_known": False}, 15),
        ("new_browser", {"is_browser_known": True}, 0),
        ("new_browser", {"is_browser_known": False, "is_first": True}, 0),
        ("hosting_network", {"is_hosting": True}, 15),
        ("hosting_network", {"is_hosting": False}, 0),
        ("unusual_hour", {"hour": 3, "hours": [9] * 20}, 10),
        ("unusual_hour", {"hour": 7, "hours": [9] * 20}, 0),
        ("unusual_hour", {"hour": 6, "hours": [9] * 20}, 10),
        ("unusual_hour", {"hour": 1, "hours": [23] * 20}, 0),
        ("unusual_hour", {"hour": 2, "hours": [23] * 20}, 10),
        ("unusual_hour", {"hour": 23, "hours": [1] * 20}, 0),
    ],
)
def test_each_rule_speaks_when_it_should(rule: str, known: dict[str, object], points: int) -> None:
    finding = rules.RULES[rule](Facts(at=NOW, spot=None, **known), LIMITS)  # type: ignore[arg-type]

    assert (finding.points if finding else 0) == points


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        ("impossible_travel", {}),
        ("new_country", {}),
        ("failures_from_address", {"failures_from_network": None}),
        ("failures_of_user", {"failures_of_user": None}),
        ("new_browser", {"is_browser_known": None}),
        ("hosting_network", {"is_hosting": None}),
        ("unusual_hour", {"hour": 3, "hours": [9] * 19}),
    ],
)
def test_each_rule_says_when_it_knows_too_little(rule: str, known: dict[str, object]) -> None:
    with pytest.raises(NotEvaluated):
        rules.RULES[rule](Facts(at=NOW, spot=None, **known), LIMITS)  # type: ignore[arg-type]


def test_nothing_new_is_found_about_the_first_sign_in() -> None:
    facts = Facts(
        at=NOW, spot=HOME, country="AA", is_first=True, is_country_known=False,
        is_browser_known=False, is_hosting=False,
    )  # fmt: skip

    assert rules.assess(facts, LIMITS).score == 0


def test_a_rule_that_fails_is_not_evaluated_and_the_others_are() -> None:
    def broken(facts: Facts, limits: Thresholds) -> rules.Finding | None:
        raise ZeroDivisionError

    faults: list[str] = []
    facts = Facts(at=NOW, spot=None, failures_of_user=9)
    found = rules.assess(
        facts, LIMITS, on_fault=faults.append, rules={"broken": broken, **rules.RULES}
    )

    assert faults == ["broken"]
    assert found.unevaluated["broken"] == "fault"
    assert found.score == 25


def test_failures_alone_ask_nobody_for_a_further_proof() -> None:
    facts = Facts(at=NOW, spot=None, failures_from_network=1000, failures_of_user=1000)

    assert rules.assess(facts, LIMITS).score <= LIMITS.verify_above


@pytest.mark.parametrize(
    ("score", "level"),
    [(0, "low"), (39, "low"), (40, "medium"), (70, "medium"), (71, "high"), (100, "high")],
)
def test_names_the_levels(score: int, level: str) -> None:
    assert rules.level_of(score, LIMITS) == level


# A busy machine is slow at finding input; that says nothing about the rules.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
points = st.lists(st.integers(min_value=0, max_value=100), max_size=10)


@patient
@given(points, st.integers(min_value=0, max_value=100))
def test_another_finding_never_lowers_a_score(found: list[int], more: int) -> None:
    assert 0 <= rules.score_of(found) <= rules.score_of([*found, more]) <= 100


spots = st.builds(
    Spot,
    st.floats(min_value=-90, max_value=90),
    st.floats(min_value=-180, max_value=180),
    st.none() | st.integers(min_value=0, max_value=3000),
    st.sampled_from(["AA", "BB", ""]),
)
pasts = st.builds(
    Past,
    st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=60)).map(
        lambda gap: NOW - gap
    ),
    st.none() | spots,
    st.booleans(),
)
facts_of_any_kind = st.builds(
    Facts,
    at=st.just(NOW),
    spot=st.none() | spots,
    country=st.sampled_from(["AA", "BB", ""]),
    priors=st.lists(pasts, max_size=12),
    is_first=st.booleans(),
    is_country_known=st.none() | st.booleans(),
    is_browser_known=st.none() | st.booleans(),
    failures_from_network=st.none() | st.integers(min_value=0, max_value=20),
    failures_of_user=st.none() | st.integers(min_value=0, max_value=20),
    is_hosting=st.none() | st.booleans(),
    hour=st.integers(min_value=0, max_value=23),
    hours=st.lists(st.integers(min_value=0, max_value=23), max_size=30),
    is_vouched_for=st.booleans(),
)


@patient
@given(facts_of_any_kind)
def test_the_stored_score_equals_the_recomputed_one(facts: Facts) -> None:
    found = rules.assess(facts, LIMITS)
    stored = [finding.as_json() for finding in found.findings]

    assert found.score == rules.score_of(row["points"] for row in stored)
    assert set(found.unevaluated).isdisjoint(row["rule"] for row in stored)
    assert "fault" not in found.unevaluated.values()


@patient
@given(facts_of_any_kind, st.integers(min_value=0, max_value=30))
def test_more_failures_never_lower_a_score(facts: Facts, failures: int) -> None:
    fewer = replace(facts, failures_from_network=0, failures_of_user=0)
    more = replace(facts, failures_from_network=failures, failures_of_user=failures)

    assert rules.assess(more, LIMITS).score >= rules.assess(fewer, LIMITS).score


@patient
@given(spots, spots)
def test_a_distance_is_the_same_both_ways_and_no_longer_than_half_the_earth(
    one: Spot, other: Spot
) -> None:
    there, back = rules.haversine(one, other), rules.haversine(other, one)

    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= 20016
