"""The parameters a browser needs before it can derive an auth secret.

Anybody may ask for any address, so an address that nobody has gets parameters as well: always the
same ones, of the same shape, for the same work.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max

from accounts import addresses
from accounts.models import User
from core import lasting
from keyslots import crypto


@dataclass(frozen=True, slots=True)
class Parameters:
    """`salt` is base64url of 16 bytes."""

    salt: str
    iterations: int

    def as_wire(self) -> dict[str, str | int]:
        return {"v": crypto.VERSION, "salt": self.salt, "iterations": self.iterations}


def parameters(address: str) -> Parameters:
    """A known address's own parameters; otherwise decoys that stay the same."""
    address = addresses.normalise(address)
    decoy = _decoy(address)
    found = User.objects.filter(email=address).exclude(kdf_salt="")
    # An aggregate is one row whether or not there is a user; making a user of one took longer.
    own = found.aggregate(salt=Max("kdf_salt"), iterations=Max("kdf_iterations"))
    return Parameters(**own) if own["salt"] else decoy


def of_user(user: User) -> Parameters:
    return Parameters(user.kdf_salt, user.kdf_iterations)


def _decoy(address: str) -> Parameters:
    mac = hmac.digest(lasting.key("prelogin"), address.encode(), hashlib.sha256)
    # One constant would mark every user whose parameters are older or newer than it.
    in_use = sorted(
        set(User.objects.exclude(kdf_salt="").values_list("kdf_iterations", flat=True).distinct())
    ) or [settings.KDF_ITERATIONS]
    chosen = in_use[int.from_bytes(mac[16:24]) % len(in_use)]
    return Parameters(crypto.encode_base64url(mac[:16]), chosen)
