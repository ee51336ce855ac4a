from __future__ import annotations

from axes.models import AccessAttempt
from django.utils.translation import gettext_lazy as _


class LockedSignIn(AccessAttempt):
    """Failed sign-ins as the administration lists them; django-axes keeps the rows."""

    restore_policy = "never"

    class Meta:
        proxy = True
        verbose_name = _("locked sign-in")
        verbose_name_plural = _("locked sign-ins")
        permissions = [("unlock_signin", "Can unlock a sign-in")]
