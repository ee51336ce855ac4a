"""What `accounts` announces. Each signal is sent inside the transaction of its deed.

signed_in            request, user, amr (list of RFC 8176 names), at: the session has started and
                     is saved; `request.session.session_key` is its new key. A receiver that
                     has mailed the user about it answers True, and no ordinary note follows
sign_in_failed       request, address (as typed, normalised), stage ("password" or a factor's
                     name), at
sign_in_begun        request, pending (the PendingSignIn whose first factor was just proven), at
second_factor_enrolled  request, user, factor (its name), at
credentials_changed  user_id, but (the session key that stays, or None), at
account_compromised  user_id, drops_codes (whether backup sign-in codes end as well), at
address_proven       user_id, email: the user has read a mail that was sent there, at
"""

from __future__ import annotations

from django.dispatch import Signal

signed_in = Signal()
sign_in_begun = Signal()
sign_in_failed = Signal()
second_factor_enrolled = Signal()
credentials_changed = Signal()
account_compromised = Signal()
address_proven = Signal()
