from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.factors import Proof
from accounts.models import User


class PasskeyFactor:
    """A passkey or security key. Nothing is left to consume: its challenge was popped."""

    name = "passkey"
    title = _("Passkey or security key")
    url_name = "accounts:passkey-present"
    confirm_url_name = "accounts:passkey-confirm"
    enrol_url_name = "accounts:passkey-enrol"
    reset_url_name = "accounts:passkey-reset"

    def is_enrolled(self, user: User) -> bool:
        return user.passkeys.exists()

    def count(self, user: User) -> int:
        return user.passkeys.count()

    def consume(self, proof: Proof, *, at: datetime) -> None:
        return None


factor = PasskeyFactor()
