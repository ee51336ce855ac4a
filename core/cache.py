"""The cache of the embedded default: a table in an SQLite file of its own, safe to count in."""

from __future__ import annotations

import base64
import pickle
from typing import Any

from django.conf import settings
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction

ALIAS = "cache"


class AtomicDatabaseCache(DatabaseCache):
    """Django's database cache with an increment that loses no count and keeps the expiry.

    The stock increment reads, then writes: of 4 000 parallel ones it kept 1 982. Under
    `transaction_mode: IMMEDIATE` this one holds the write lock from its first statement. Only for
    SQLite; on PostgreSQL the lock would be missing, and settings ask for Redis there.
    """

    _table: str

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        alias = router.db_for_write(self.cache_model_class)
        table = connections[alias].ops.quote_name(self._table)
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            value = self.get(key, version=version)
            if value is None:
                raise ValueError(f"Key “{key}” not found")
            packed = base64.b64encode(pickle.dumps(value + delta, self.pickle_protocol))
            stored_as = self.make_and_validate_key(key, version=version)
            cursor.execute(
                f"UPDATE {table} SET value = %s WHERE cache_key = %s",  # noqa: S608 - quoted above
                [packed.decode("ascii"), stored_as],
            )
        return int(value + delta)


class CacheRouter:
    """Sends the cache table, and nothing else, to the database `cache` where there is one."""

    def db_for_read(self, model: Any, **_: Any) -> str | None:
        return self._alias(model._meta.app_label)

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        if ALIAS not in settings.DATABASES:
            return None
        return (db == ALIAS) == (app_label == "django_cache")

    def _alias(self, app_label: str) -> str | None:
        return ALIAS if app_label == "django_cache" and ALIAS in settings.DATABASES else None
