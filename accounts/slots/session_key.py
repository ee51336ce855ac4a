"""The key under which a browser keeps its open vault key for the length of a session.

Made when it is first asked for, sealed into the session, and gone with it: what a closed browser
still holds opens nothing then.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from core import sealing

KEY_BYTES = 32
NAME = "vault_session_key"
PURPOSE = "vault-session-key"


def of(session: SessionBase, user_id: UUID) -> bytes:
    """The session's key, made now if it has none."""
    kept = session.get(NAME)
    if kept is not None:
        return sealing.unseal(PURPOSE, user_id, NAME, kept)
    key = secrets.token_bytes(KEY_BYTES)
    session[NAME] = sealing.seal(PURPOSE, user_id, NAME, key)
    # What a page asks for by itself is not saved by the middleware.
    session.save()
    return key
