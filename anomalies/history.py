"""What users see of their sign-ins, and what they choose about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import User
from anomalies import countries, mailed_codes
from anomalies.models import LoginAttempt, Mute, TrustedPlace
from anomalies.models.attempt import LoginAttemptQuerySet
from audit import events
from audit import services as audit
from core import geo

ON_MAP = timedelta(days=90)
MOST_ON_MAP = 200
MOST_PLACES = 20


class TooManyPlaces(Exception):
    """More trusted places than anybody needs would trust everything."""


class NoPlace(Exception):
    """The place of this sign-in was not evaluated."""


def attempts(user: User) -> LoginAttemptQuerySet:
    return LoginAttempt.objects.for_owner(user).order_by("-at", "-pk")


def for_map(user: User, *, at: datetime) -> list[LoginAttempt]:
    rows = LoginAttempt.objects.for_owner(user).filter(at__gte=at - ON_MAP)
    return list(rows.exclude(latitude=None).order_by("-at")[:MOST_ON_MAP])


def section(user: User) -> tuple[str, dict[str, object]]:
    """What the security page shows."""
    rows = LoginAttempt.objects.for_owner(user).order_by("-at")
    return "anomalies/section.html", {
        "newest": list(rows[:3]),
        "is_address_proven": mailed_codes.is_proven(user),
    }


def trusted_places(user: User) -> list[tuple[TrustedPlace, str]]:
    """The places that the user trusts, each with its name."""
    rows = TrustedPlace.objects.filter(user=user).order_by("country", "city")
    return [(row, name_of(row)) for row in rows]


def name_of(place: TrustedPlace) -> str:
    country = countries.name(place.country)
    return f"{place.city}, {country}" if place.city else country


def trust_country(user: User, country: str, *, at: datetime) -> TrustedPlace:
    """Trust a whole country; raises TooManyPlaces."""
    return _trust(TrustedPlace(user=user, country=country, created_at=at), at=at)


def trust_place_of(user: User, attempt: LoginAttempt, *, at: datetime) -> TrustedPlace:
    """Trust the surroundings of a sign-in; raises NoPlace or TooManyPlaces."""
    spot = attempt.spot
    if spot is None or not spot.country:
        raise NoPlace
    place = TrustedPlace(
        user=user,
        country=spot.country,
        city=spot.city,
        latitude=spot.latitude if spot.city else None,
        longitude=spot.longitude if spot.city else None,
        created_at=at,
    )
    return _trust(place, at=at)


def distrust(user: User, place_id: UUID, *, at: datetime) -> bool:
    """False when the place was not trusted any more."""
    with transaction.atomic():
        row = TrustedPlace.objects.filter(user=user, pk=place_id).first()
        if row is None or not TrustedPlace.objects.filter(pk=row.pk).delete()[0]:
            return False
        # What was excused there so far vouches for the place no longer.
        excused = LoginAttempt.objects.for_owner(user).filter(country=row.country)
        excused.filter(is_vouched_for=True).update(is_vouched_for=False)
        words = {"place": name_of(row)}
        audit.record(events.PLACE_DISTRUSTED, user=user.pk, details=words, at=at)
    return True


def mute(user: User, attempt: LoginAttempt, *, at: datetime) -> None:
    """No low or medium alerts about this network with this browser."""
    with transaction.atomic():
        _, is_new = Mute.objects.get_or_create(
            user=user,
            network=attempt.network,
            browser=attempt.browser,
            defaults={"created_at": at},
        )
        if is_new:
            audit.record(events.ALERTS_MUTED, user=user.pk, at=at)


def unmute(user: User, mute_id: UUID, *, at: datetime) -> bool:
    with transaction.atomic():
        if not Mute.objects.filter(user=user, pk=mute_id).delete()[0]:
            return False
        audit.record(events.ALERTS_UNMUTED, user=user.pk, at=at)
    return True


def is_evaluated(*, at: datetime) -> bool:
    """Whether places can be looked up at present."""
    return geo.state(geo.CITY, at=at).is_ready


def _trust(place: TrustedPlace, *, at: datetime) -> TrustedPlace:
    with transaction.atomic():
        User.objects.select_for_update().get(pk=place.user_id)
        own = TrustedPlace.objects.filter(user_id=place.user_id)
        same = own.filter(country=place.country, city=place.city).first()
        if same is not None:
            return same
        if own.count() >= MOST_PLACES:
            raise TooManyPlaces
        place.save(force_insert=True)
        words = {"place": name_of(place)}
        audit.record(events.PLACE_TRUSTED, user=place.user_id, details=words, at=at)
    return place
