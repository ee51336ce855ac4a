"""The key under which a browser keeps its open vault key for the length of a session.

Made with the session, sealed into it, and gone with it: what a closed browser still holds opens
nothing then. A later moment would be too late: of two pages that ask at once, or of a page that
saves the session as it was before, one would take the other's key away.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from core import sealing

KEY_BYTES = 32
NAME = "vault_session_key"
PURPOSE = "vault-session-key"


def make(session: SessionBase, user_id: UUID) -> bytes:
    """A key for a session that has none; whoever opens the session saves it."""
    key = secrets.token_bytes(KEY_BYTES)
    session[NAME] = sealing.seal(PURPOSE, user_id, NAME, key)
    return key


def of(session: SessionBase, user_id: UUID) -> bytes:
    """The session's key; made now where the session is older than this rule."""
    kept = session.get(NAME)
    if kept is not None:
        return sealing.unseal(PURPOSE, user_id, NAME, kept)
    key = make(session, user_id)
    # What a page asks for by itself is not saved by the middleware.
    session.save()
    return key
