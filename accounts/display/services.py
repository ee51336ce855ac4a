from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import events
from audit import services as audit


def choose(user: User, wanted: Mapping[str, str], *, at: datetime) -> None:
    """Keep how things are shown: any of language, time_zone and code_grouping, judged before."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**wanted)
        audit.record(events.PROFILE_CHANGED, user=user.pk, at=at)
