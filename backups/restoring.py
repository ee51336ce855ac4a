"""Bringing rows of a backup back into a database, table by table, in the caller's transaction.

The backup lies in a scratch database of today's shape. What may happen to a row is decided by what
its model says (`backups.content`) and by three rules that hold everywhere: what was made or
changed here since the backup stays unless the operator takes the backup's side; security state
never goes back; a row never comes back without what it refers to.
"""

from __future__ import annotations

from uuid import UUID

from django.core.management.color import no_style
from django.db import connections

from audit.models import Tombstone
from backups import content, faults, indexes, notebook, rows, wishes
from backups.applying import OneTable
from backups.content import Table
from backups.course import Course, user_model
from backups.links import Links
from backups.reports import Report
from backups.wishes import RestoreRefused

# From so many rows on a table of an empty site is filled without its indexes.
MANY = 5000


class UserNotThere(RestoreRefused):
    """The user whose vault is wanted is not in the backup, or has no account here."""

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no such user {where}.")


def run(course: Course) -> Report:
    """Do it; raises RestoreRefused. The caller commits, or does not."""
    course.report.is_bare = rows.count(course.target, user_model()) == 0
    is_partial = course.wish.mode == wishes.USER
    if is_partial:
        _check_user(course)
    course.notebook.begin()
    with indexes.set_aside(course.target, _large(course)):
        for table in _tables(course):
            (Links if table.is_link else OneTable)(course, table).restore()
            faults.point("table")
        if not is_partial:
            _bury(course)
            _fill_what_is_kept_live(course)
        connections[course.target].check_constraints()
    course.report.drop_empty()
    return course.report


def _tables(course: Course) -> list[Table]:
    if course.wish.mode == wishes.USER:
        return content.vault_tables()
    return [table for table in _all() if table.policy in {content.ROWS, content.MONOTONE}]


def _all() -> list[Table]:
    return [content.table(model) for model in content.in_order(content.stored_models())]


def _large(course: Course) -> list[str]:
    """Tables that are empty here and will not be small."""
    if not course.is_bare:
        return []
    return [
        table.name
        for table in _all()
        if table.policy != content.NEVER
        and rows.count(course.source, table.model) >= MANY
        and not rows.count(course.target, table.model)
    ]


def _check_user(course: Course) -> None:
    key = user_model()._meta.pk
    wanted = course.wish.user.hex if course.wish.user else ""
    if wanted not in rows.existing(course.source, key, [wanted]):
        raise UserNotThere("in the backup")
    if wanted not in rows.existing(course.target, key, [wanted]):
        raise UserNotThere("here; bring the account back first")


def _bury(course: Course) -> None:
    """Delete what the backup says was deleted for the sake of security."""
    added = course.notebook.all(notebook.ADDED, Tombstone._meta.label)
    if not added or course.is_bare:
        return
    stones = Tombstone.objects.using(course.target).filter(pk__in=[UUID(key) for key in added])
    for table in _tables(course):
        if not table.tombstone:
            continue
        ids = list(stones.filter(kind=table.tombstone).values_list("object_id", flat=True))
        gone = table.model._base_manager.using(course.target).filter(pk__in=ids)
        course.report.tables[table.label].removed += gone.count()
        gone.delete()


def _fill_what_is_kept_live(course: Course) -> None:
    """Logs come back where there is none at all; where there is one it is never touched."""
    by_app: dict[str, list[Table]] = {}
    for table in _all():
        if table.policy == content.KEEP_LIVE:
            by_app.setdefault(table.model._meta.app_label, []).append(table)
    for tables in by_app.values():
        if any(rows.count(course.target, table.model) for table in tables):
            continue
        for table in tables:
            OneTable(course, table).fill()
    _reset_sequences(course.target)


def _reset_sequences(alias: str) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        for query in connection.ops.sequence_reset_sql(no_style(), list(content.stored_models())):
            cursor.execute(query)
