from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.factors import Proof
from accounts.models import TotpDevice, User


class TotpFactor:
    """A code of an authenticator app. It was consumed when it was verified."""

    name = "totp"
    title = _("Authenticator app")
    url_name = "accounts:totp-present"
    confirm_url_name = "accounts:totp-confirm"
    enrol_url_name = "accounts:totp-enrol"
    reset_url_name = "accounts:reset-code"

    def is_enrolled(self, user: User) -> bool:
        return self.count(user) > 0

    def count(self, user: User) -> int:
        return TotpDevice.objects.filter(user=user, confirmed=True).count()

    def consume(self, proof: Proof, *, at: datetime) -> None:
        return None


factor = TotpFactor()
