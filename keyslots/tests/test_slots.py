from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import AuditEvent
from keyslots import crypto, services
from keyslots.models import KeySlot, VaultKey
from keyslots.services import NewSlot
from notifications.models import Notification
from tests import base

PROOF = b"p" * 32


def slot_of(
    kind: str, user_id: UUID, vault_key_id: UUID, newer: UUID | None = None
) -> crypto.KeySlot:
    return crypto.wrap_for(
        kind,
        b"v" * 32,
        wrap_key=b"w" * 32,
        user_id=user_id,
        vault_key_id=vault_key_id,
        slot_id=uuid4(),
        newer_key_id=newer,
    )


class SlotsTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()
        key = services.current_vault_key(self.alice.id)
        assert key is not None
        self.key_id = key.id

    def add(self, kind: str, name: str = "Paper", verifier: bytes | None = None) -> KeySlot:
        if verifier is None:
            verifier = PROOF if kind == "recovery" else b""
        slot = slot_of(kind, self.alice.id, self.key_id)
        return services.add_slot(
            self.alice.id, slot, kind=kind, name=name, verifier=verifier, at=self.now
        )

    def kinds(self) -> list[str]:
        return [row.kind for row in services.slots(self.alice.id)]


class AddTests(SlotsTestCase):
    def test_keeps_passkey_and_recovery_slots(self) -> None:
        paper = self.add("recovery")
        self.add("passkey", "Phone")

        assert sorted(self.kinds()) == ["passkey", "password", "recovery"]
        assert services.content(paper).kind == "recovery"

    def test_records_and_tells_of_it(self) -> None:
        paper = self.add("recovery", "Drawer")

        event = AuditEvent.objects.get(event="account.slot_added")
        assert event.facts["kind"] == "recovery"
        assert Notification.objects.filter(user=self.alice, kind="slot_changed").count() == 1
        assert paper.name == "Drawer"

    def test_refuses_a_slot_of_another_vault_key(self) -> None:
        slot = slot_of("passkey", self.alice.id, uuid4())
        with pytest.raises(services.SlotRefused):
            services.add_slot(self.alice.id, slot, kind="passkey", name="", at=self.now)

    def test_refuses_other_kinds(self) -> None:
        older = slot_of("older", self.alice.id, self.key_id, uuid4())
        password = base.slot_for("x", self.alice.id, vault_key_id=self.key_id)
        passkey = slot_of("passkey", self.alice.id, self.key_id)
        for slot, kind in ((older, "older"), (password, "password"), (passkey, "recovery")):
            with pytest.raises(services.SlotRefused):
                services.add_slot(
                    self.alice.id, slot, kind=kind, name="", verifier=PROOF, at=self.now
                )

    def test_demands_a_verifier_of_recovery_slots_alone(self) -> None:
        for kind, verifier in (("recovery", b""), ("recovery", b"x"), ("passkey", PROOF)):
            with pytest.raises(services.SlotRefused):
                self.add(kind, verifier=verifier)

    def test_keeps_the_verifier_sealed(self) -> None:
        self.add("recovery")
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed_verifier FROM keyslots_keyslot")
            assert PROOF.decode() not in str(cursor.fetchall())

    def test_stops_at_forty(self) -> None:
        for _ in range(39):
            self.add("passkey")
        with pytest.raises(services.SlotRefused):
            self.add("passkey")


class RemoveTests(SlotsTestCase):
    def test_removes_and_records(self) -> None:
        paper = self.add("recovery")

        assert services.remove_slot(self.alice.id, paper.id, at=self.now)
        assert not services.remove_slot(self.alice.id, paper.id, at=self.now)
        assert AuditEvent.objects.filter(event="account.slot_removed").count() == 1

    def test_keeps_the_slot_of_the_password(self) -> None:
        self.add("recovery")
        password = KeySlot.objects.get(user=self.alice, kind="password")
        with pytest.raises(services.PasswordSlotStays):
            services.remove_slot(self.alice.id, password.id, at=self.now)

    def test_keeps_the_last_that_opens_the_key(self) -> None:
        paper, other = self.add("recovery"), self.add("recovery", "Safe")
        self.add("passkey")
        KeySlot.objects.filter(user=self.alice, kind="password").delete()

        services.remove_slot(self.alice.id, other.id, at=self.now)
        with pytest.raises(services.LastSlot):
            services.remove_slot(self.alice.id, paper.id, at=self.now)

    def test_touches_nobody_elses(self) -> None:
        paper = self.add("recovery")

        assert not services.remove_slot(self.bob.id, paper.id, at=self.now)
        assert not services.rename_slot(self.bob.id, paper.id, "mine")

    def test_renames_what_has_a_name(self) -> None:
        paper = self.add("recovery")
        password = KeySlot.objects.get(user=self.alice, kind="password")

        assert services.rename_slot(self.alice.id, paper.id, "Safe")
        assert not services.rename_slot(self.alice.id, password.id, "Safe")


class ProofTests(SlotsTestCase):
    def test_finds_the_slot_of_the_key(self) -> None:
        self.add("recovery", verifier=b"q" * 32)
        paper = self.add("recovery")

        assert services.prove_recovery(self.alice.id, PROOF) == paper

    def test_finds_nothing_for_another_key_or_person(self) -> None:
        self.add("recovery")

        assert services.prove_recovery(self.alice.id, b"x" * 32) is None
        assert services.prove_recovery(self.alice.id, b"") is None
        assert services.prove_recovery(self.bob.id, PROOF) is None


class ReplaceTests(SlotsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.paper, self.phone = self.add("recovery"), self.add("passkey")
        self.new_id = uuid4()
        self.later = self.now + timedelta(seconds=1)

    def password(self, name: str = "alice", key_id: UUID | None = None) -> NewSlot:
        return NewSlot(base.slot_for(name, self.alice.id, vault_key_id=key_id or self.new_id))

    def recovery(self) -> NewSlot:
        return NewSlot(slot_of("recovery", self.alice.id, self.new_id), "New paper", PROOF)

    def older(self, older: UUID | None = None, newer: UUID | None = None) -> crypto.KeySlot:
        return slot_of("older", self.alice.id, older or self.key_id, newer or self.new_id)

    def replace(self, *new: NewSlot, older: crypto.AnySlot | None = None) -> None:
        services.replace_all(
            self.alice.id,
            compromised=self.key_id,
            new_slots=new,
            older=older or self.older(),
            at=self.later,
        )

    def test_leaves_only_what_opens_the_new_key(self) -> None:
        self.replace(self.password(), self.recovery())

        current = services.current_vault_key(self.alice.id)
        assert current is not None and current.id == self.new_id
        assert sorted(self.kinds()) == ["older", "password", "recovery"]
        older = KeySlot.objects.get(user=self.alice, kind="older")
        assert older.vault_key_id == self.key_id
        assert not KeySlot.objects.filter(pk__in=[self.paper.pk, self.phone.pk]).exists()
        assert AuditEvent.objects.filter(event="account.vault_key_replaced").count() == 1

    def test_keeps_the_chain_of_older_keys(self) -> None:
        self.replace(self.password())
        first, self.key_id, self.new_id = self.key_id, self.new_id, uuid4()
        self.later += timedelta(seconds=1)
        self.replace(self.password())

        older = KeySlot.objects.filter(user=self.alice, kind="older")
        assert {row.vault_key_id for row in older} == {first, self.key_id}

    def test_refuses_what_does_not_fit_together(self) -> None:
        passkey = NewSlot(slot_of("passkey", self.alice.id, self.new_id))
        as_new = NewSlot(slot_of("older", self.alice.id, self.new_id, uuid4()))
        for new, older in (
            ([], None),
            ([self.recovery()], None),
            ([passkey], None),
            ([self.password("later")], None),
            ([self.password(), self.password()], None),
            ([self.password(), as_new], None),
            ([self.password(key_id=uuid4()), self.recovery()], None),
            ([self.password(key_id=self.key_id)], None),
            ([self.password()], self.older(older=uuid4())),
            ([self.password()], self.older(newer=uuid4())),
            ([self.password()], slot_of("passkey", self.alice.id, self.key_id)),
        ):
            before = self.kinds()
            with pytest.raises(services.SlotRefused):
                self.replace(*new, older=older)
            assert self.kinds() == before
        assert VaultKey.objects.filter(user=self.alice).count() == 1

    def test_refuses_a_key_that_was_replaced_meanwhile(self) -> None:
        self.replace(self.password())
        self.new_id = uuid4()
        with pytest.raises(services.SlotRefused):
            self.replace(self.password(), older=self.older())

    def test_lets_a_recovery_key_do_where_there_is_no_password(self) -> None:
        KeySlot.objects.filter(user=self.alice, kind="password").delete()
        self.replace(self.recovery())

        assert sorted(self.kinds()) == ["older", "recovery"]


class PassphraseTests(SlotsTestCase):
    def test_wraps_the_same_key_anew(self) -> None:
        slot = base.slot_for("other", self.alice.id, vault_key_id=self.key_id)
        services.change_passphrase(self.alice.id, slot, at=self.now)

        assert services.password_slot(self.alice.id) == slot
        assert AuditEvent.objects.filter(event="account.passphrase_changed").count() == 1
        assert Notification.objects.filter(user=self.alice, kind="slot_changed").count() == 1

    def test_refuses_another_key(self) -> None:
        before = services.password_slot(self.alice.id)
        with pytest.raises(services.SlotRefused):
            slot = base.slot_for("other", self.alice.id)
            services.change_passphrase(self.alice.id, slot, at=self.now)
        assert services.password_slot(self.alice.id) == before


class FormerPasswordTests(SlotsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.old_id = self.key_id
        slot = base.slot_for("later", self.alice.id)
        services.start_vault_key(self.alice.id, slot, at=self.now + timedelta(seconds=1))
        self.key_id = slot.vault_key_id
        self.former = KeySlot.objects.get(user=self.alice, kind="former-password")

    def test_is_traded_for_a_slot_under_the_current_key(self) -> None:
        older = slot_of("older", self.alice.id, self.old_id, self.key_id)
        services.keep_former(self.alice.id, self.former.id, older, at=self.now)

        assert sorted(self.kinds()) == ["older", "password"]

    def test_refuses_another_slot_in_its_place(self) -> None:
        wrong = slot_of("older", self.alice.id, uuid4(), self.key_id)
        right = slot_of("older", self.alice.id, self.old_id, self.key_id)
        for user, former, slot in (
            (self.alice, self.former.id, wrong),
            (self.alice, uuid4(), right),
            (self.bob, self.former.id, right),
        ):
            with pytest.raises(services.SlotRefused):
                services.keep_former(user.id, former, slot, at=self.now)
        assert sorted(self.kinds()) == ["former-password", "password"]

    def leave_behind(self, kind: str) -> KeySlot:
        """A slot of the earlier key, as it is after a reset without anything that opens it."""
        row = services._insert_new(
            self.alice.id,
            NewSlot(
                slot_of(kind, self.alice.id, self.old_id),
                "Paper",
                PROOF if kind == "recovery" else b"",
            ),
            at=self.now,
        )
        assert services.is_former(row, services.current_vault_key(self.alice.id))
        return row

    def test_brings_a_recovery_key_along_to_the_key_in_use(self) -> None:
        paper = self.leave_behind("recovery")
        older = slot_of("older", self.alice.id, self.old_id, self.key_id)
        again = slot_of("recovery", self.alice.id, self.key_id)

        kept = services.keep_former(self.alice.id, paper.id, older, again=again, at=self.now)

        assert (kept.kind, kept.name, kept.vault_key_id) == ("recovery", "Paper", self.key_id)
        assert services.prove_recovery(self.alice.id, PROOF) == kept
        assert services.linked_keys(self.alice.id) == {self.old_id}
        assert not KeySlot.objects.filter(pk=paper.pk).exists()

    def test_refuses_another_slot_beside_it(self) -> None:
        paper = self.leave_behind("recovery")
        older = slot_of("older", self.alice.id, self.old_id, self.key_id)
        for again in (
            slot_of("passkey", self.alice.id, self.key_id),
            slot_of("recovery", self.alice.id, self.old_id),
            base.slot_for("later", self.alice.id, vault_key_id=self.key_id),
        ):
            with pytest.raises(services.SlotRefused):
                services.keep_former(self.alice.id, paper.id, older, again=again, at=self.now)
        with pytest.raises(services.SlotRefused):
            password = slot_of("recovery", self.alice.id, self.key_id)
            services.keep_former(self.alice.id, self.former.id, older, again=password, at=self.now)
        assert sorted(self.kinds()) == ["former-password", "password", "recovery"]

    def test_takes_no_slot_of_the_key_in_use(self) -> None:
        phone = self.add("passkey")
        older = slot_of("older", self.alice.id, self.key_id, uuid4())
        with pytest.raises(services.SlotRefused):
            services.keep_former(self.alice.id, phone.id, older, at=self.now)

    def test_can_be_discarded(self) -> None:
        assert services.remove_slot(self.alice.id, self.former.id, at=self.now)
