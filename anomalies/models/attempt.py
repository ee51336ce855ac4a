from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from anomalies import hosting, rules, words


class LoginAttemptQuerySet(models.QuerySet["LoginAttempt"]):
    def for_owner(self, user: AbstractBaseUser | AnonymousUser) -> LoginAttemptQuerySet:
        return self.filter(user=user.pk) if user.pk else self.none()

    def verified(self) -> LoginAttemptQuerySet:
        """What the baseline learns from: a session started, and nobody has denied it since."""
        return self.filter(is_verified=True)

    def failed(self, *, since: datetime) -> LoginAttemptQuerySet:
        return self.filter(outcome=LoginAttempt.Outcome.REFUSED, at__gt=since)


class LoginAttempt(models.Model):
    """One attempt to sign in, good or bad: how far it came, from where, and how it was judged."""

    restore_policy = "rows"

    class Outcome(models.TextChoices):
        UNFINISHED = "unfinished", _("not finished")
        REFUSED = "refused", _("refused")
        WAITING = "waiting", _("further proof asked for")
        HELD = "held", _("held")
        BLOCKED = "blocked", _("blocked")
        SIGNED_IN = "signed in", _("signed in")

    class Decision(models.TextChoices):
        ALLOW = "allow", _("let in")
        TELL = "tell", _("let in, and told")
        VERIFY = "verify", _("further proof asked for")
        HOLD = "hold", _("held for an operator")
        BLOCK = "block", _("blocked")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("when"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="sign_in_attempts",
        verbose_name=_("user"),
    )
    # Of an address that nobody here has: the same for each attempt, and no address.
    unknown_address = models.CharField(max_length=64, blank=True)
    pending_id = models.UUIDField(null=True, unique=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    stage = models.CharField(_("stage"), max_length=20)
    address = models.CharField(_("address"), max_length=49)
    # What failures are counted by: an IPv4 address or the /64 of an IPv6 address.
    network = models.CharField(max_length=49)
    shortened_at = models.DateTimeField(null=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    country_name = models.CharField(max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    accuracy_radius = models.PositiveIntegerField(null=True)
    system_number = models.BigIntegerField(null=True)
    system_name = models.CharField(max_length=100, blank=True)
    browser = models.CharField(_("browser"), max_length=100, blank=True)
    browser_key = models.CharField(max_length=64, blank=True)
    is_known_browser = models.BooleanField(null=True)
    is_trusted_browser = models.BooleanField(default=False)
    methods = models.JSONField(default=list)
    further = models.CharField(max_length=20, blank=True)
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    level = models.CharField(_("level"), max_length=6, blank=True)
    findings = models.JSONField(default=list)
    unevaluated = models.JSONField(default=dict)
    decision = models.CharField(_("decision"), max_length=6, blank=True, choices=Decision)
    is_verified = models.BooleanField(default=False)
    # The place is vouched for: by a further proof, or by the user's word afterwards.
    is_vouched_for = models.BooleanField(default=False)
    denied_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    # Where and when the session that came of it was last heard of.
    seen_at = models.DateTimeField(null=True)
    seen_country = models.CharField(max_length=2, blank=True)
    seen_latitude = models.FloatField(null=True)
    seen_longitude = models.FloatField(null=True)
    seen_radius = models.PositiveIntegerField(null=True)

    objects = LoginAttemptQuerySet.as_manager()
    # Columns that have been set and are still to be written, together: see recording.note.
    unwritten: frozenset[str] = frozenset()

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        indexes = [
            models.Index(fields=["user", "-at"], name="attempts_of_user"),
            models.Index(
                fields=["user", "-at"],
                condition=models.Q(is_verified=True),
                name="attempts_verified",
            ),
            models.Index(
                fields=["user", "country", "at"],
                condition=models.Q(is_verified=True),
                name="attempts_by_country",
            ),
            models.Index(
                fields=["user", "browser_key"],
                condition=models.Q(is_verified=True),
                name="attempts_by_browser",
            ),
            models.Index(
                fields=["user", "browser_key", "-at"],
                condition=models.Q(is_verified=True, is_vouched_for=True),
                name="attempts_vouched_for",
            ),
            models.Index(
                fields=["network", "at"],
                condition=models.Q(outcome="refused"),
                name="failures_by_network",
            ),
            models.Index(
                fields=["user", "at"],
                condition=models.Q(outcome="refused"),
                name="failures_by_user",
            ),
            models.Index(
                fields=["at"],
                condition=models.Q(shortened_at=None),
                name="attempts_unshortened",
            ),
            models.Index(fields=["at"], name="attempts_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.address}"

    @property
    def place(self) -> str:
        """Words for the place; "" when it was not evaluated."""
        return ", ".join(part for part in (self.city, self.country_name or self.country) if part)

    @property
    def spot(self) -> rules.Spot | None:
        if self.latitude is None or self.longitude is None:
            return None
        return rules.Spot(
            self.latitude,
            self.longitude,
            self.accuracy_radius,
            self.country,
            self.city,
            hosting.system_of(self.system_number),
        )

    @property
    def reasons(self) -> list[words.Reason]:
        return [words.Reason.of(finding) for finding in self.findings]

    @property
    def missing(self) -> list[str]:
        """The rules that were not evaluated, in words."""
        return [words.not_evaluated(rule, why) for rule, why in sorted(self.unevaluated.items())]

    @property
    def recomputed_score(self) -> int:
        return rules.score_of(finding["points"] for finding in self.findings)

    @property
    def is_signed_in(self) -> bool:
        return self.outcome == self.Outcome.SIGNED_IN

    @property
    def is_high(self) -> bool:
        return self.level == rules.HIGH

    @property
    def is_medium(self) -> bool:
        return self.level == rules.MEDIUM

    @property
    def is_settled(self) -> bool:
        """Whether its user has said whose it was."""
        return self.denied_at is not None or self.confirmed_at is not None

    @property
    def level_name(self) -> str:
        return words.level(self.level)

    @property
    def method_names(self) -> str:
        return ", ".join(
            words.method(name) for name in [*self.methods, *filter(None, [self.further])]
        )

    @property
    def stage_name(self) -> str:
        return words.method(self.stage)

    def as_row(self) -> dict[str, Any]:
        """The attempt as a row of a CSV file, by the heads of its columns."""
        return {
            "at": self.at.isoformat(),
            "user": str(self.user or ""),
            "outcome": self.outcome,
            "stage": self.stage,
            "address": self.address,
            "country": self.country,
            "city": self.city,
            "network": f"AS{self.system_number}" if self.system_number else "",
            "browser": self.browser,
            "score": "" if self.score is None else str(self.score),
            "level": self.level,
            "findings": " ".join(f"{f['rule']}:{f['points']}" for f in self.findings),
            "decision": self.decision,
            "further": self.further,
        }
