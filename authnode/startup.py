"""What must be true before a process serves anybody."""

from __future__ import annotations

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core import keycheck


def missing_migrations() -> list[str]:
    """Names of the migrations that this release has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def verify() -> None:
    """Raise ImproperlyConfigured, with a sentence, when this process must not start."""
    # A web server that loads the application directly has run none of the checks.
    for message in checks.run_checks():
        if message.is_serious():
            raise ImproperlyConfigured(f"{message.msg} {message.hint or ''}".strip())
    missing = missing_migrations()
    if missing:
        raise ImproperlyConfigured(
            f"The database is older than this release: {len(missing)} migrations are missing"
            f" ({missing[0]}, …). Make a copy of it, then run “manage.py migrate”."
        )
    keycheck.verify()
