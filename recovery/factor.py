from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts import factors
from accounts.models import User
from recovery import services as recovery
from recovery.models import RecoveryCode


class RecoveryFactor:
    """A backup sign-in code: it stands in for another factor and protects nothing by itself."""

    name = "recovery"
    title = _("Use a backup sign-in code")
    url_name = "recovery:present"
    # Using a code up only to confirm-it's-you would be a waste of it.
    confirm_url_name = ""
    enrol_url_name = ""
    reset_url_name = "recovery:reset"

    def is_enrolled(self, user: User) -> bool:
        if not RecoveryCode.objects.redeemable(user.pk).exists():
            return False
        others = (other for other in factors.second_factors() if other.name != self.name)
        return any(other.is_enrolled(user) for other in others)

    def count(self, user: User) -> int:
        return 0

    def consume(self, proof: factors.Proof, *, at: datetime) -> None:
        recovery.consume(UUID(proof.reference), at=at)


factor = RecoveryFactor()
