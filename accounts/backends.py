from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import addresses
from accounts.models import User


class PasswordBackend(ModelBackend):
    """Judges the auth secret that a browser derived, or a password typed on the console."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        auth_secret: bytes | None = None,
        **_: Any,
    ) -> User | None:
        if username is None or (password is None and auth_secret is None):
            return None
        user = User.objects.filter(email=addresses.normalise(username)).first()
        if user is None:
            # The same work for an address that nobody has, so that time tells nothing.
            User().set_auth_secret(auth_secret or secrets.token_bytes(32), salt=b"", iterations=0)
            return None
        is_right = (
            user.check_auth_secret(auth_secret)
            if auth_secret is not None
            else user.check_password(password or "")
        )
        return user if is_right and self.user_can_authenticate(user) else None


def axes_username(request: HttpRequest | None, credentials: Mapping[str, Any] | None = None) -> str:
    """The sign-in name that axes counts under: normalised, or letter case would evade the count."""
    return addresses.normalise(str((credentials or {}).get("username", "")))
