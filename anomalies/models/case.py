from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anomalies.models.attempt import LoginAttempt


class ReviewCase(models.Model):
    """A sign-in that an operator looks at. It is closed once, with a reason."""

    restore_policy = "rows"

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SAFE = "safe", _("marked safe")
        COMPROMISED = "compromised", _("account taken")
        APPROVED = "approved", _("sign-in approved")

    class Origin(models.TextChoices):
        SCORE = "score", _("score")
        HELD = "held", _("held sign-in")
        DENIED = "denied", _("“This wasn't me”")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.OneToOneField(
        LoginAttempt, on_delete=models.CASCADE, related_name="case", verbose_name=_("sign-in")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="review_cases",
        verbose_name=_("user"),
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    origin = models.CharField(_("opened by"), max_length=8, choices=Origin)
    level = models.CharField(_("level"), max_length=6)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # Each rule with a space around it, so that one can be searched for.
    rules = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    # No foreign key: who has decided stays known when the operator has left.
    closed_by = models.CharField(_("closed by"), max_length=254, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("unusual sign-in")
        verbose_name_plural = _("unusual sign-ins")
        permissions = [("decide_case", "Can decide a case")]
        indexes = [
            models.Index(fields=["state", "-opened_at"], name="cases_by_state"),
            models.Index(fields=["-opened_at"], name="cases_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.opened_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
