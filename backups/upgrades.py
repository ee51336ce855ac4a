"""The backup before an upgrade: of a database that is older than the code that reads it.

It is made from the models as they were at the database's own migrations, and notes nothing in the
database: the table of backups may not exist there yet. The list finds the file afterwards.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from backups import keys, making, schema, verifying

KIND = "migration"


def is_needed() -> bool:
    """Whether there is a database that migrations would change."""
    return MigrationRecorder(connection).has_table() and schema.is_pending(connection)


def make(*, at: datetime) -> making.Written:
    """Write and verify it; raises ContainerRefused or OSError."""
    backup_id = uuid.uuid4()
    name = making.name_for(KIND, backup_id, at)
    written = making.write(backup_id=backup_id, kind=KIND, name=name, at=at)
    verifying.verify(written.path, keys.own_opener(), sha256=written.sha256)
    return written
