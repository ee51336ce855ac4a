"""What `sessions_lock` announces.

session_ended        session_id, user_id, reason (a value of SessionActivity.EndReason), at: sent
                     inside the transaction that ends the session, once for each session
session_key_rotated  session_id, user_id, at: the session goes on under a new key; sent right
                     after the one UPDATE that moves it

Neither carries a key: who hears of a session knows it by its id. Sessions of a deleted user are
deleted with the user, and announce nothing.
"""

from __future__ import annotations

from django.dispatch import Signal

session_ended = Signal()
session_key_rotated = Signal()
