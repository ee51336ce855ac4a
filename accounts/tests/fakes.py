"""A second factor and a check as other apps would plug them in."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from accounts.factors import Proof, ProofRefused
from accounts.models import PendingSignIn, User


class SlipOfPaper:
    name = "slip"
    title = "Slip of paper"
    url_name = "offline"
    confirm_url_name = ""
    enrol_url_name = ""
    reset_url_name = ""

    def __init__(self) -> None:
        self.is_valid = True
        self.consumed: list[str] = []

    def is_enrolled(self, user: User) -> bool:
        return user.email.startswith("alice")

    def count(self, user: User) -> int:
        return int(self.is_enrolled(user))

    def consume(self, proof: Proof, *, at: datetime) -> None:
        if not self.is_valid:
            raise ProofRefused
        self.consumed.append(proof.reference)


slip = SlipOfPaper()


class Doubt:
    def __init__(self) -> None:
        self.url: str | None = None

    def __call__(self, request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> str | None:
        return self.url


doubt = Doubt()
