from __future__ import annotations

from django.db import models


class RuleFault(models.Model):
    """How often a rule has failed on a day, and been passed over."""

    restore_policy = "never"

    rule = models.CharField(max_length=40)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "day"], name="one_fault_count_for_each_day")
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.day}"


class GeoNotice(models.Model):
    """The operators know that the geo database is in this state."""

    restore_policy = "never"

    status = models.CharField(max_length=12, primary_key=True)
    told_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.status
