"""What holds when things happen at once, or stop half-way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.db import close_old_connections, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts import factors
from accounts.models import PendingSignIn, User
from audit.models import AuditEvent
from recovery import services as recovery
from recovery.factor import factor
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base


def in_parallel(deeds: Sequence[Callable[[], Any]], *, threads: int = 8) -> list[Any]:
    def run(deed: Callable[[], Any]) -> Any:
        close_old_connections()
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, deeds))


def redeem(user: User, code: str) -> bool:
    try:
        code_id = recovery.verify(user.pk, typed=code)
        with transaction.atomic():
            recovery.consume(code_id, at=timezone.now())
    except (recovery.CodeRefused, factors.ProofRefused):
        return False
    return True


def regenerate(user: User, replaces: Any) -> tuple[str, ...] | None:
    try:
        return recovery.generate(user, replaces=replaces, at=timezone.now()).codes
    except recovery.ChangedMeanwhile:
        return None


# Where a process may end on its way from a code to a session, in this order.
BEFORE_THE_COMMIT = (
    "accounts.signin._open_session",
    "accounts.signin._tell",
    "recovery.services.consume",
    "recovery.services._tell_used",
    "recovery.services.notifications.notify",
)


def die(*args: Any, **kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_killed_at(place: str, deed: Callable[[], object]) -> bool:
    """Do it in a process that is killed at this place; False when it never came there."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            with patch(place, die):
                deed()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


class Fault(Exception):
    """What a test lets happen in the middle of a deed."""


class RaceTestCase(base.TransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        people.add_factor(self.alice)
        self.codes = people.make_codes(self.alice)
        self.form = {"code": self.codes[0]}

    def used(self) -> int:
        return RecoveryCode.objects.exclude(used_at=None).count()

    def has_session(self) -> bool:
        return SessionActivity.objects.filter(user=self.alice).exists()


class ParallelTests(RaceTestCase):
    def test_lets_one_of_many_redemptions_through(self) -> None:
        won = in_parallel([lambda: redeem(self.alice, self.codes[0])] * 24)

        assert won.count(True) == 1
        assert AuditEvent.objects.filter(event="recovery.redeemed").count() == 1

    def test_keeps_one_set_of_many_that_are_made_at_once(self) -> None:
        replaces = RecoverySet.objects.get().pk
        made = in_parallel([lambda: regenerate(self.alice, replaces)] * 8)

        kept = [codes for codes in made if codes]
        assert len(kept) == 1
        recovery.verify(self.alice.pk, typed=kept[0][0])

    def test_keeps_one_first_set_of_many(self) -> None:
        RecoverySet.objects.all().delete()
        made = in_parallel([lambda: regenerate(self.alice, None)] * 8)

        assert sum(codes is not None for codes in made) == 1
        assert RecoverySet.objects.valid().count() == 1

    def test_evaluates_five_of_a_hundred_attempts(self) -> None:
        clients = [Client(REMOTE_ADDR="192.0.2.5") for _ in range(20)]
        for client in clients:
            base.sign_in(client, "alice")
        form = {"code": people.WRONG}
        deeds = [partial(client.post, people.PRESENT, form) for client in clients]
        statuses = [answer.status_code for answer in in_parallel(deeds * 5)]

        refused = AuditEvent.objects.filter(event="recovery.refused")
        assert refused.filter(facts__reason="code wrong").count() == 5
        assert statuses.count(422) == 5
        assert statuses.count(429) == 95


class FaultTests(RaceTestCase):
    @contextmanager
    def falling(self) -> Iterator[None]:
        with self.assertLogs("django.request", "ERROR"), pytest.raises(Fault):
            yield

    def test_undoes_the_burn_when_the_session_does_not_start(self) -> None:
        base.sign_in(self.client, "alice")

        def burn_and_fall(proof: factors.Proof, *, at: Any) -> None:
            recovery.consume(recovery.verify(self.alice.pk, typed=self.codes[0]), at=at)
            raise Fault

        with self.falling(), patch.object(factor, "consume", burn_and_fall):
            self.client.post(people.PRESENT, {"code": self.codes[0]})

        assert (self.used(), self.has_session()) == (0, False)
        assert people.show(Client(), "alice", self.codes[0]).status_code == 302

    def test_starts_no_session_when_the_burn_fails(self) -> None:
        base.sign_in(self.client, "alice")
        with self.falling(), patch("recovery.services._tell_used", side_effect=Fault):
            self.client.post(people.PRESENT, {"code": self.codes[0]})

        assert (self.used(), self.has_session()) == (0, False)
        assert PendingSignIn.objects.get().completed_at is None

    def test_leaves_nothing_half_done_when_it_is_killed(self) -> None:
        for number, place in enumerate(BEFORE_THE_COMMIT):
            client = Client(REMOTE_ADDR=f"192.0.2.{number}")
            base.sign_in(client, "alice")
            assert is_killed_at(place, partial(client.post, people.PRESENT, self.form))

            assert (self.used(), self.has_session()) == (0, False), place
        assert people.show(Client(), "alice", self.codes[0]).status_code == 302
        assert (self.used(), self.has_session()) == (1, True)

    def test_has_done_both_when_it_is_killed_after_the_commit(self) -> None:
        base.sign_in(self.client, "alice")
        assert is_killed_at(
            "accounts.signin._way_in", partial(self.client.post, people.PRESENT, self.form)
        )

        assert (self.used(), self.has_session()) == (1, True)
