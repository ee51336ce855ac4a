"""Writing a backup: one instant of the database into one file that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.apps import apps as current_apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from backups import container, content, faults, keys, schema, snapshot

SUFFIX = ".authnode-backup"
PARTIAL = ".part"
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Written:
    """A file that was written, synced and named."""

    header: container.Header
    path: Path
    size: int
    sha256: str
    ending: container.Ending


def folder() -> Path:
    """The local directory of backups, readable for its owner alone."""
    path = Path(settings.BACKUP_DIRECTORY)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def name_for(kind: str, backup_id: uuid.UUID, at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d-%H%M%S}-{kind}-{str(backup_id)[:8]}"


def write(
    *,
    backup_id: uuid.UUID,
    kind: str,
    name: str,
    at: datetime,
    tick: Tick | None = None,
    alias: str = DEFAULT_DB_ALIAS,
) -> Written:
    """Write a backup of a database; nothing lies under `name` before it is whole."""
    path = folder() / f"{name}{SUFFIX}"
    with snapshot.take(alias) as instant, _named_at_the_end(path) as file:
        header, data_key = _header(instant, backup_id, kind, at)
        record = keys.carried()
        writer = container.Writer(file, header, data_key, record)
        rows = _write_tables(writer, instant, header, tick)
        ending = writer.finish(rows)
    faults.point("written")
    return Written(header, path, writer.size, writer.sha256.hexdigest(), ending)


def sweep(name: str) -> None:
    """Delete what a killed attempt at this backup left half-written."""
    for path in folder().glob(f"{name}{SUFFIX}{PARTIAL}*"):
        path.unlink(missing_ok=True)


def _header(
    instant: snapshot.Snapshot, backup_id: uuid.UUID, kind: str, at: datetime
) -> tuple[container.Header, bytes]:
    data_key = secrets.token_bytes(32)
    live = connections[instant.alias]
    header = container.Header(
        id=backup_id,
        created_at=at.astimezone(UTC).isoformat(timespec="microseconds"),
        kind=kind,
        application=settings.RELEASE,
        database=live.vendor,
        migrations=schema.applied(live),
        audit_head=_audit_head(instant),
        recipients=keys.wraps_for(data_key, str(backup_id)),
    )
    return header, data_key


def _write_tables(
    writer: container.Writer,
    instant: snapshot.Snapshot,
    header: container.Header,
    tick: Tick | None,
) -> dict[str, int]:
    is_current = {app: list(names) for app, names in header.migrations.items()} == schema.current()
    registry = current_apps if is_current else schema.models_at(header.migrations)
    counts: dict[str, int] = {}
    for model in content.stored_models(registry):
        columns = [str(field.column) for field in model._meta.local_concrete_fields]
        head = container.TableHead(model._meta.db_table, model._meta.label, columns)
        writer.write(head.as_bytes() + b"\n")
        counts[head.table] = 0
        for batch in instant.read(model):
            writer.write(("\n".join(batch) + "\n").encode())
            counts[head.table] += len(batch)
            faults.point("rows")
            if tick:
                tick(sum(counts.values()))
    return counts


def _audit_head(instant: snapshot.Snapshot) -> dict[str, object]:
    model = current_apps.get_model("audit", "ChainHead")
    table = instant.connection.ops.quote_name(model._meta.db_table)
    found = instant.one(f"SELECT position, mac FROM {table} WHERE id = 1")  # noqa: S608 - a name of our own, quoted
    position, mac = found[0] if found else (0, "")
    return {"mac": mac, "position": position}


@contextmanager
def _named_at_the_end(path: Path) -> Iterator[BinaryIO]:
    partial = path.with_name(f"{path.name}{PARTIAL}{secrets.token_hex(4)}")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            yield stream
            stream.flush()
            faults.point("before sync")
            os.fsync(stream.fileno())
        faults.point("before rename")
        partial.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            partial.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    # A rename that is not synced may be gone after a power cut, with the file.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
