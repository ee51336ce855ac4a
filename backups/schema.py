"""Which migrations a database has had, and the models as they were then."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import cast

from django.apps.registry import Apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from backups import indexes

# How SQLite makes today's tables, once this process has found out.
_statements: list[str] = []
State = Mapping[str, Sequence[str]]


class NewerRelease(Exception):
    """The backup comes from a release that this one does not know yet."""

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"This backup comes from a newer AuthNode (migration {migration} is not known here)."
            " Install that release first."
        )


def applied(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """The newest applied migrations of each app."""
    loader = MigrationLoader(connection)
    done = set(loader.applied_migrations)
    newest: dict[str, list[str]] = {}
    for app, name in sorted(done):
        node = loader.graph.node_map.get((app, name))
        if node is None:
            continue
        followed = any(child.key in done and child.key[0] == app for child in node.children)
        if not followed:
            newest.setdefault(app, []).append(name)
    return newest


@functools.lru_cache(maxsize=1)
def _graph() -> MigrationGraph:
    """The migrations of this release, which do not change while a process lives."""
    return cast(MigrationGraph, MigrationLoader(None, ignore_no_migrations=True).graph)


def current() -> dict[str, list[str]]:
    """The newest migrations of this release."""
    newest: dict[str, list[str]] = {}
    for app, name in sorted(_graph().leaf_nodes()):
        newest.setdefault(app, []).append(name)
    return newest


def is_pending(connection: BaseDatabaseWrapper) -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def check_known(state: State) -> None:
    """Raise NewerRelease when a migration is not one of ours."""
    for node in _nodes(state):
        if node not in _graph().node_map:
            raise NewerRelease(".".join(node))


def models_at(state: State) -> Apps:
    """The models as they were after these migrations."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return cast(Apps, loader.project_state(_nodes(state)).apps)


def migrate(alias: str, state: State | None = None) -> None:
    """Bring a scratch database to a state, or to that of this release."""
    executor = MigrationExecutor(connections[alias])
    targets = _nodes(state) if state is not None else executor.loader.graph.leaf_nodes()
    executor.migrate(targets)


def create_at_once(alias: str, models: Sequence[type], state: State) -> None:
    """Make today's tables without walking through all migrations, and note them as applied.

    Without their plain indexes: a scratch is filled and read from one end to the other.
    """
    connection = connections[alias]
    recorder = MigrationRecorder(connection)
    for statement in _statements:
        connection.connection.execute(statement)
    if not _statements:
        with connection.schema_editor() as editor:
            for model in models:
                if not model._meta.auto_created:  # type: ignore[attr-defined]
                    editor.create_model(model)
        recorder.ensure_schema()
        for model in models:
            for name, _statement in indexes.plain(connection, model._meta.db_table):  # type: ignore[attr-defined]
                connection.connection.execute(f'DROP INDEX "{name}"')
        # Django thinks for a while about its tables; the next scratch takes what it came to.
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        _statements.extend(row[0] for row in connection.connection.execute(query))
    for node in _nodes(state):
        recorder.record_applied(*node)


def _nodes(state: State) -> list[tuple[str, str]]:
    return [(app, name) for app, names in state.items() for name in names]
