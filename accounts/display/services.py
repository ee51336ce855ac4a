from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import events
from audit import services as audit


def choose(user: User, wanted: Mapping[str, object], *, at: datetime) -> None:
    """Keep how things are shown: fields of DisplayForm, judged before."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**wanted)
        audit.record(events.PROFILE_CHANGED, user=user.pk, at=at)
