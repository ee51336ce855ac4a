from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from keyslots import crypto, services
from keyslots.models import KeySlot, VaultKey
from tests import base


class KeySlotTests(base.TestCase):
    def test_gives_back_what_the_browser_stored(self) -> None:
        user = base.make_user("dora", with_slot=False)
        slot = base.slot_for("dora", user.id)

        services.start_vault_key(user.id, slot, at=timezone.now())

        assert services.password_slot(user.id) == slot
        assert VaultKey.objects.get(user=user).id == slot.vault_key_id

    def test_lies_sealed_in_the_database(self) -> None:
        slot = services.password_slot(self.alice.id)
        assert slot is not None
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed_slot FROM keyslots_keyslot")
            columns = str(cursor.fetchall())

        assert crypto.encode_base64url(slot.ciphertext) not in columns

    def test_refuses_an_id_that_exists(self) -> None:
        taken = KeySlot.objects.get(user=self.alice).id
        slot = base.slot_for("bob", self.bob.id, slot_id=taken)

        with pytest.raises(services.SlotRefused):
            services.start_vault_key(self.bob.id, slot, at=timezone.now())

        assert KeySlot.objects.get(user=self.bob).kind == "password"

    def test_replaces_the_slot_of_the_same_vault_key_only(self) -> None:
        old = services.password_slot(self.alice.id)
        assert old is not None
        good = base.slot_for("new", self.alice.id, vault_key_id=old.vault_key_id)
        foreign = base.slot_for("new", self.alice.id, vault_key_id=uuid4())

        with pytest.raises(services.SlotRefused):
            services.replace_password_slot(self.alice.id, foreign, at=timezone.now())
        assert services.password_slot(self.alice.id) == old
        services.replace_password_slot(self.alice.id, good, at=timezone.now())
        assert services.password_slot(self.alice.id) == good

    def test_never_takes_the_vault_key_of_somebody_else(self) -> None:
        bobs = services.password_slot(self.bob.id)
        assert bobs is not None
        slot = base.slot_for("new", self.alice.id, vault_key_id=bobs.vault_key_id)

        with pytest.raises(services.SlotRefused):
            services.start_vault_key(self.alice.id, slot, at=timezone.now())
        with pytest.raises(services.SlotRefused):
            services.replace_password_slot(self.alice.id, slot, at=timezone.now())

    def test_knows_whether_the_slot_is_of_the_current_password(self) -> None:
        assert services.opens_with(self.alice.id, salt=base.salt_of("alice"))
        assert not services.opens_with(self.alice.id, salt=base.salt_of("later"))
        assert not services.opens_with(uuid4(), salt=base.salt_of("alice"))
