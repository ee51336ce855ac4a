"""A code is a canary here: it may stand in one answer, and nowhere that anybody looks later."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from celery.app.task import Task
from django.apps import apps
from django.core import mail
from django.db import connections
from django.test import Client

from core import sealing
from core.fields import SealedField
from recovery import codes
from recovery.models import RecoverySet
from recovery.tests import people
from recovery.tests.test_managing import shown
from tests import base

PAGES = (
    *("/", "/activity/", "/notifications/", "/settings/", people.SECURITY, people.NEW),
    *(people.CONFIRM, people.INVALIDATE, "/help/backup-codes/"),
)
ADMIN_PAGES = (
    *("/admin/", "/admin/recovery/recoveryset/", "/admin/recovery/recoveryset/report/"),
    "/admin/recovery/recoveryset/report/days.csv",
)


class Fault(Exception):
    """What falls in the middle of a deed, so that its traceback is logged."""


class Listener(logging.Handler):
    """Every line of every logger, as a file would hold it, with the traceback."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record) + repr(record.args))


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Everything is logged, down to each SQL statement with its parameters."""
    listener, root = Listener(), logging.getLogger()
    known = [logging.getLogger(name) for name in list(logging.Logger.manager.loggerDict)]
    kept = [(logger, logger.level, logger.propagate) for logger in (root, *known)]
    for logger in (root, *known):
        logger.setLevel(1)
        logger.propagate = True
    root.addHandler(listener)
    for connection in connections.all():
        connection.force_debug_cursor = True
    try:
        yield listener
    finally:
        root.removeHandler(listener)
        for logger, level, propagate in kept:
            logger.setLevel(level)
            logger.propagate = propagate
        for connection in connections.all():
            connection.force_debug_cursor = False


def rows_of_every_table() -> str:
    """The whole of every database, tables without a model included."""
    found = []
    for connection in connections.all():
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                quoted = connection.ops.quote_name(table)
                cursor.execute(f"SELECT * FROM {quoted}")  # noqa: S608 - a name of this database
                found += cursor.fetchall()
    return repr(found)


def sealed_contents() -> str:
    """What the sealed columns hold once they are opened."""
    opened = []
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedField):
                rows = model._default_manager.exclude(**{field.name: ""})
                opened += [sealing.open_field(row, field.name) for row in rows]
    return repr(opened)


def spellings(code: str) -> tuple[str, ...]:
    bare = codes.read(code)
    return (code, bare, bare.lower(), code[:11], code[-11:], bare[5:15])


class CanaryTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answers: list[str] = []
        base.sign_in(self.client, "alice")
        people.add_factor(self.alice)
        base.show_factor(self.client)

    def keep(self, *answers: Any) -> None:
        for answer in answers:
            body = b"".join(answer) if answer.streaming else answer.content
            self.answers.append(f"{answer.headers}{body.decode()}")

    def live(self) -> list[str]:
        """The life of two sets, with slips, a fault and somebody who looks on."""
        with self.captureOnCommitCallbacks(execute=True):
            made = shown(self.client.post(people.NEW, {"replaces": ""}))
            self.keep(self.client.post(people.CONFIRM, {"code": people.WRONG}))
            self.keep(self.client.post(people.CONFIRM, {"code": made[0]}))
            self.keep(people.show(Client(), "alice", made[1]))
            self.keep(people.show(Client(), "alice", made[1]))
            self.keep(people.show(Client(), "alice", f"{made[2]} {made[3]}"))
            self.fall(made[4])
            self.keep(*(self.client.get(page) for page in PAGES))
            operator = self.sign_in_as("charlie", Client())
            self.keep(*(operator.get(page) for page in ADMIN_PAGES))
            self.keep(self.client.post(people.NEW, {"replaces": ""}))
            current = str(RecoverySet.objects.get().pk)
            return made + shown(self.client.post(people.NEW, {"replaces": current}))

    def fall(self, code: str) -> None:
        client = Client()
        with (
            patch("recovery.services._tell_used", side_effect=Fault),
            pytest.raises(Fault),
        ):
            people.show(client, "alice", code)

    def test_leaves_a_code_nowhere(self) -> None:
        sent: list[Any] = []
        apply_async = Task.apply_async

        def send(task: Any, *args: Any, **words: Any) -> Any:
            sent.append((task.name, args, words))
            return apply_async(task, *args, **words)

        with listening() as log, patch.object(Task, "apply_async", send):
            made = self.live()
        places = {
            "the log": "\n".join(log.lines),
            "a later answer": "\n".join(self.answers),
            "a mail": repr([message.message().as_string() for message in mail.outbox]),
            "the broker": repr(sent),
            "a table": rows_of_every_table(),
            "a sealed column": sealed_contents(),
            "the session": repr(dict(self.client.session)),
        }

        assert len(set(made)) == 20
        assert len(sent) > 2
        assert "recovery_recoverycode" in places["the log"]
        assert "Fault" in places["the log"]
        assert "backup sign-in code" in places["a mail"]
        for code in made:
            for text in spellings(code):
                for place, contents in places.items():
                    # No difference is printed: a failure here must not spread the code either.
                    assert text not in contents, f"a code stands in {place}"
