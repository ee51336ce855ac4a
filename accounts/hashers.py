from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class AuthSecretHasher(Argon2PasswordHasher):
    """Argon2id for auth secrets: 19 MiB, two passes, one lane.

    The stretching of the password happened in the browser; an auth secret has 256 random-looking
    bits, and this only keeps a stolen column from being posted as it is.
    """

    algorithm = "argon2-auth-secret"
    memory_cost = 19_456
    time_cost = 2
    parallelism = 1
