from __future__ import annotations

from django.contrib.auth.hashers import MD5PasswordHasher


class FastHasher(MD5PasswordHasher):
    """Nothing is guessed in tests; Argon2 is tested by name in test_passwords."""

    algorithm = "md5-for-tests"
