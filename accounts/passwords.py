from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import signals
from accounts.credentials import NewCredentials
from accounts.models import User
from audit import events
from audit import services as audit
from keyslots import services as keyslots
from notifications import services as notifications


class ChangedElsewhere(Exception):
    """The credentials changed in another window between opening the page and posting it."""


def change(user: User, new: NewCredentials, *, session_key: str | None, at: datetime) -> None:
    """Replace auth secret and key slot together and end the user's other sessions.

    The caller has judged the old auth secret. Raises ChangedElsewhere or keyslots.SlotRefused;
    then the old password opens both, as before.
    """
    version = user.credentials_version
    is_openable = keyslots.opens_with(user.id, salt=user.salt)
    changed = User(id=user.id, credentials_version=version)
    changed.set_auth_secret(new.auth_secret, salt=new.slot.salt, iterations=new.slot.iterations)
    with transaction.atomic():
        rows = User.objects.filter(id=user.id, credentials_version=version).update(
            password=changed.password,
            kdf_salt=changed.kdf_salt,
            kdf_iterations=changed.kdf_iterations,
            credentials_version=changed.credentials_version,
        )
        if rows != 1:
            raise ChangedElsewhere
        if is_openable:
            keyslots.replace_password_slot(user.id, new.slot, at=at)
        else:
            keyslots.start_vault_key(user.id, new.slot, at=at)
        tell_of_change(user, but=session_key, at=at)
    user.refresh_from_db()


def tell_of_change(user: User, *, but: str | None, at: datetime) -> None:
    """Record and announce a changed password; the session with key `but` goes on."""
    audit.record(events.PASSWORD_CHANGED, user=user.id, at=at)
    notifications.notify(user, "password_changed", at=at)
    signals.credentials_changed.send(sender=User, user_id=user.id, but=but, at=at)
