"""What a restore does besides its rows, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts.models import SignUpToken, User
from backups import keys, notebook, rows, schedule, wishes
from backups.course import Course
from core import lasting, sealing
from core.models import LastingKey
from notifications import services as notifications
from sessions_lock import services as sessions


def settle_in(alias: str, carried: keys.CarriedKeys, *, at: datetime) -> None:
    """Make an empty site the one of the backup: its lasting keys, its schedule, its operators."""
    for purpose, key in carried.lasting.items():
        row = LastingKey(purpose=purpose)
        sealing.seal_field(row, "sealed_key", bytes.fromhex(key))
        LastingKey.objects.update_or_create(
            purpose=purpose, defaults={"sealed_key": row.sealed_key}
        )
    lasting.forget()
    schedule.adopt(alias)
    set_up = SignUpToken.open(at=at).filter(origin=SignUpToken.Origin.SET_UP)
    set_up.update(withdrawn_at=at)


def end_sessions(wish: wishes.Wish, *, at: datetime) -> None:
    if wish.mode == wishes.USER and wish.user:
        sessions.end_others(wish.user, but=None, at=at)
    else:
        sessions.end_all(at=at)


def tell(course: Course, *, at: datetime) -> None:
    """A notice to everybody of whom something was changed."""
    ids = [UUID(key) for key in course.notebook.all(notebook.CONCERNED, "")]
    for some in rows.chunks(ids, rows.BATCH):
        for user in User.objects.filter(pk__in=some, is_active=True):
            notifications.notify(user, "data_restored", at=at)
