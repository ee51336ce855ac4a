from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from anomalies import rules


class TrustedPlace(models.Model):
    """ "I use a VPN in …": from a known browser no journey to or from there is counted.

    A place with a city is that city and its surroundings; without one it is the whole country.
    """

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_places"
    )
    country = models.CharField(max_length=2)
    city = models.CharField(max_length=100, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "country", "city"], name="one_trust_for_each_place"
            )
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)

    def covers(self, spot: rules.Spot) -> bool:
        if self.latitude is None or self.longitude is None:
            return spot.country == self.country
        here = rules.Spot(self.latitude, self.longitude, country=self.country)
        return rules.is_same_place(here, spot)


class Mute(models.Model):
    """No word about low and medium findings from this network with this browser."""

    restore_policy = "rows"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    network = models.CharField(max_length=49)
    browser = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "network", "browser"], name="one_mute_for_each_source"
            )
        ]

    def __str__(self) -> str:
        return f"{self.browser} {self.network}"


class AlertSent(models.Model):
    """A rule has been told of today, at this level; it is not told again."""

    restore_policy = "never"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    rule = models.CharField(max_length=40)
    level = models.CharField(max_length=6)
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "rule", "level", "day"], name="one_alert_for_each_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.day}"


class ProvenAddress(models.Model):
    """The user has read a mail at this address, so that a code may be sent there."""

    restore_policy = "rows"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="proven_address"
    )
    email = models.EmailField()
    proven_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.email
