"""Very many sessions at once, written by the database itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from accounts.models import User

NUMBERS = {
    "postgresql": "SELECT generate_series(1, %s) AS n",
    "sqlite": (
        "WITH RECURSIVE numbers(n) AS"
        " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s) SELECT n FROM numbers"
    ),
}
RANDOM_ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
RANDOM_HASH = {
    "postgresql": "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')",
    "sqlite": "lower(hex(randomblob(32)))",
}
INSERT = """
    INSERT INTO sessions_lock_sessionactivity (
        id, key_hash, previous_key_hash, session_data, user_id, started_at, last_activity_at,
        timeout_seconds, lock_deadline, absolute_deadline, address, place, browser, amr,
        ended_reason
    )
    SELECT {id}, {hash}, {hash}, 'content', %s, %s, %s, 900, %s, %s,
        '192.0.2.1', '', 'Firefox on Linux', '["pwd"]', ''
    FROM ({numbers}) AS counted
"""


def fill(count: int, *, user: User, deadline: datetime) -> None:
    """`count` open sessions of a user that lock at `deadline`."""
    vendor = connection.vendor
    sql = INSERT.format(id=RANDOM_ID[vendor], hash=RANDOM_HASH[vendor], numbers=NUMBERS[vendor])
    adapt = connection.ops.adapt_datetimefield_value
    active_at = deadline - timedelta(minutes=15)
    moments = (active_at, active_at, deadline, active_at + timedelta(hours=12))
    user_id = User._meta.pk.get_db_prep_value(user.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, [user_id, *(adapt(moment) for moment in moments), count])
