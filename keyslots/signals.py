"""What `keyslots` announces, inside the transaction of the deed.

slots_changed   user_id, at: a slot came or went, or the vault key was replaced
"""

from __future__ import annotations

from django.dispatch import Signal

slots_changed = Signal()
