"""The seams of signing in: second factors and checks that other apps plug in.

`settings.SECOND_FACTORS` and `settings.SIGN_IN_CHECKS` hold dotted paths of objects of the two
protocols below. A factor proves something in two phases: its own page *verifies* what the user
presents and hands the proof to `signin.add_proof`; the proof is *consumed* inside the transaction
that starts the session, last of all, so that a sign-in refused later burns nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from accounts.models import PendingSignIn, User


class ProofRefused(Exception):
    """A proof that was good when verified can no longer be consumed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`factor` names a SecondFactor, `reference` is for its `consume`, `amr` is of RFC 8176."""

    factor: str
    reference: str
    amr: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


class SecondFactor(Protocol):
    name: str
    url_name: str

    def is_enrolled(self, user: User) -> bool: ...

    def consume(self, proof: Proof, *, at: datetime) -> None:
        """Burn what was verified; raises ProofRefused."""


class SignInCheck(Protocol):
    def __call__(self, request: HttpRequest, pending: PendingSignIn, *, at: datetime) -> str | None:
        """None to let the sign-in pass, or the URL of a further step."""


def second_factors() -> list[SecondFactor]:
    return [import_string(path) for path in settings.SECOND_FACTORS]


def second_factor(name: str) -> SecondFactor:
    return next(factor for factor in second_factors() if factor.name == name)


def sign_in_checks() -> list[SignInCheck]:
    return [import_string(path) for path in settings.SIGN_IN_CHECKS]
