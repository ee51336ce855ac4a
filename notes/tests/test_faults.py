"""Whatever breaks, and wherever: a note that was readable is readable afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from accounts import passwords
from accounts.credentials import NewCredentials
from accounts.models import User
from keyslots import services as keyslots
from notes import services as notes
from notes.models import Note
from notes.tests import making, rotating, twin
from tests import base
from vault.models import OtpEntry

OLD_WRAP, NEW_WRAP = b"w" * 32, b"W" * 32
NEW_KEY = b"n" * 32


class Broken(Exception):
    """The database, the process or the machine gave out."""


class BreakAt:
    """Gives out before the statement of a number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.left == 0:
            raise Broken
        self.left -= 1
        return execute(sql, params, many, context)


def broken_at(number: int, deed: Callable[[], object]) -> bool:
    """Whether a deed still broke at its statement of this number."""
    with ExitStack() as stack:
        breaking = BreakAt(number)
        stack.enter_context(connection.execute_wrapper(breaking))
        try:
            deed()
        except Broken:
            return True
    return False


class FaultCase(base.TransactionTestCase):
    entries: list[OtpEntry]

    def setUp(self) -> None:
        super().setUp()
        self.entries = [making.make_entry(self.alice, name) for name in ("One", "Two", "Three")]
        for entry in self.entries:
            making.write(entry, f"first on {entry.issuer}")
            making.write(entry, f"second on {entry.issuer}")
        half = making.sealed(self.entries[0], "half", revision=3, what=twin.DRAFT)
        notes.save_draft(entry=self.entries[0], sealed=half, at=timezone.now())
        self.all = rotating.texts(self.alice, {making.key_of(self.alice): making.VAULT_KEY})
        assert len(self.all) == 7


class PasswordChangeTests(FaultCase):
    def test_opens_everything_with_the_old_or_with_the_new(self) -> None:
        number = 0
        while broken_at(number, self.change) and not self.is_changed():
            assert rotating.texts(self.alice, rotating.vault_keys(self.alice, OLD_WRAP)) == self.all
            number += 1

        # What breaks after the commit breaks nothing of it.
        assert number > 5
        assert self.is_changed()
        assert rotating.texts(self.alice, rotating.vault_keys(self.alice, NEW_WRAP)) == self.all

    def is_changed(self) -> bool:
        """Whether the new password signs in; the old one does where it does not."""
        self.alice.refresh_from_db()
        old, new = (
            self.alice.check_auth_secret(base.auth_secret_of(name))
            for name in ("alice", "alice later")
        )
        assert old != new
        return new

    def change(self) -> None:
        user = User.objects.get(pk=self.alice.pk)
        slot = base.slot_for("later", user.pk, wrap_key=NEW_WRAP, vault_key_id=making.key_of(user))
        new = NewCredentials(base.auth_secret_of("alice later"), slot)
        passwords.change(user, new, session_key=None, at=timezone.now())


class RotationTests(FaultCase):
    """A new key in place of a compromised one, as the browser does it step by step."""

    def test_reads_everything_wherever_it_is_interrupted_and_goes_on(self) -> None:
        number = 0
        while broken_at(number, lambda: making.replace_key(self.alice, vault_key=NEW_KEY)):
            assert rotating.texts(self.alice, rotating.vault_keys(self.alice, OLD_WRAP)) == self.all
            number += 1
        assert number > 5

        interruptions = 0
        while broken_at(interruptions, self.rekey_the_next):
            assert rotating.texts(self.alice, rotating.vault_keys(self.alice, OLD_WRAP)) == self.all
            interruptions += 1
        # From here on every step goes through, each from where the last one stopped.
        while self.rekey_the_next():
            assert rotating.texts(self.alice, rotating.vault_keys(self.alice, OLD_WRAP)) == self.all
        assert interruptions > 5
        assert notes.state(self.alice).older == 0

    def rekey_the_next(self) -> bool:
        return rotating.rekey_the_next(self.alice, wrap_key=OLD_WRAP)


class LostKeyTests(FaultCase):
    def test_keeps_the_ciphertexts_when_a_reset_finds_no_key(self) -> None:
        before = {row.pk: bytes(row.ciphertext) for row in Note.objects.all()}
        slot = base.slot_for("later", self.alice.pk, vault_key=NEW_KEY, slot_id=uuid4())
        keyslots.start_vault_key(self.alice.pk, slot, at=timezone.now())

        assert {row.pk: bytes(row.ciphertext) for row in Note.objects.all()} == before
        assert notes.state(self.alice).older == 7
        assert notes.unused_keys(self.alice) == []
