from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts import operators, roles
from accounts.models import User
from accounts.oidc import tokens
from audit import events
from audit import services as audit

logger = logging.getLogger(__name__)


def keep_in_step(user: User, claims: dict[str, Any], *, at: datetime) -> None:
    """Make the user an operator, or no longer one, as the provider's groups say."""
    if not settings.OIDC_OPERATOR_GROUP:
        return
    is_member = settings.OIDC_OPERATOR_GROUP in tokens.words(claims, settings.OIDC_GROUPS_CLAIM)
    # Any other role was given here, and is nothing of the provider's.
    if is_member == operators.is_one(user):
        return
    role = roles.OPERATOR if is_member else roles.NONE
    try:
        roles.give(user, role, by=None, from_groups=True, at=at)
    except operators.LastOperator:
        logger.warning("The last operator is in no operator group, and stays one all the same.")
        audit.record(events.OPERATOR_KEPT, user=user.pk, at=at)
        return
    user.is_staff = user.is_superuser = is_member
