from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID, uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Passkey, User
from accounts.tests import __file__ as accounts_tests
from keyslots import crypto, services
from keyslots.models import KeySlot
from sessions_lock.store import SessionStore
from tests import base

ROOT = Path(accounts_tests).resolve().parents[2]
PROOF = crypto.encode_base64url(b"p" * 32)


class SlotPagesTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        key = services.current_vault_key(self.alice.id)
        assert key is not None
        self.key_id = key.id

    def wire(self, kind: str = "recovery", **changes: object) -> str:
        names = {"user_id": self.alice.id, "vault_key_id": self.key_id, "slot_id": uuid4()}
        slot = crypto.wrap_for(kind, b"v" * 32, wrap_key=b"w" * 32, **(names | changes))  # type: ignore[arg-type]
        return json.dumps(slot.as_wire())

    def post_recovery(self, **changes: str) -> KeySlot | None:
        form = {"name": "Safe", "slot": self.wire(), "verifier": PROOF} | changes
        self.client.post(reverse("accounts:keys-recovery"), form)
        return KeySlot.objects.filter(user=self.alice, kind="recovery").first()

    def age_the_proof(self) -> None:
        session = self.client.session
        session["proven_at"] = 0
        session.save()


class ListTests(SlotPagesTestCase):
    def test_shows_what_opens_the_notes(self) -> None:
        self.post_recovery()
        answer = self.client.get(reverse("accounts:keys"))

        self.assertContains(answer, "Notes recovery key: Safe")
        self.assertContains(answer, "Password")

    def test_asks_who_it_is_first(self) -> None:
        self.age_the_proof()
        for name in ("keys", "keys-recovery", "keys-replace"):
            answer = self.client.get(reverse(f"accounts:{name}"))
            assert answer.headers["Location"].startswith("/confirm/")

    def test_asks_the_same_number_of_questions_for_many(self) -> None:
        self.post_recovery()
        with self.assertNumQueries(self.queries()):
            self.client.get(reverse("accounts:keys"))

    def queries(self) -> int:
        with CaptureQueriesContext(connection) as one:
            self.client.get(reverse("accounts:keys"))
        count = len(one)
        for _ in range(3):
            self.post_recovery(slot=self.wire())
        return count

    def test_is_for_signed_in_people(self) -> None:
        self.client.logout()
        for name in ("keys", "keys-recovery", "keys-replace", "keys-slots", "keys-session"):
            assert self.client.get(reverse(f"accounts:{name}")).status_code == 302


class RecoveryTests(SlotPagesTestCase):
    def test_keeps_slot_and_proof(self) -> None:
        row = self.post_recovery()

        assert row is not None and row.name == "Safe"
        assert services.prove_recovery(self.alice.id, b"p" * 32) == row

    def test_refuses_what_the_script_would_not_post(self) -> None:
        for change in (
            {"slot": ""},
            {"slot": "[]"},
            {"slot": self.wire("passkey")},
            {"slot": self.wire(vault_key_id=uuid4())},
            {"verifier": ""},
            {"verifier": "short"},
            {"name": ""},
        ):
            with self.subTest(change):
                assert self.post_recovery(**change) is None

    def test_never_repeats_what_was_posted(self) -> None:
        form = {"name": "", "slot": self.wire(), "verifier": PROOF}
        answer = self.client.post(reverse("accounts:keys-recovery"), form)

        assert answer.status_code == 422
        self.assertNotContains(answer, PROOF, status_code=422)


class DeedTests(SlotPagesTestCase):
    def test_renames(self) -> None:
        row = self.post_recovery()
        assert row is not None
        self.client.post(reverse("accounts:keys-rename", args=[row.id]), {"name": "Bank"})
        row.refresh_from_db()
        assert row.name == "Bank"

    def test_removes_after_asking(self) -> None:
        row = self.post_recovery()
        assert row is not None
        page = reverse("accounts:keys-remove", args=[row.id])

        self.assertContains(self.client.get(page), "Remove “Notes recovery key: Safe”?")
        self.client.post(page)
        assert not KeySlot.objects.filter(pk=row.pk).exists()

    def test_does_not_remove_the_password(self) -> None:
        row = KeySlot.objects.get(user=self.alice, kind="password")
        page = reverse("accounts:keys-remove", args=[row.id])
        answer = self.client.post(page, follow=True)

        self.assertContains(answer, "The password is changed, not removed.")

    def test_knows_nothing_of_other_peoples(self) -> None:
        row = KeySlot.objects.get(user=self.bob)
        for name in ("keys-rename", "keys-remove", "keys-former"):
            page = reverse(f"accounts:{name}", args=[row.id])
            assert self.client.get(page).status_code == 404
            assert self.client.post(page, {"name": "mine"}).status_code == 404

    def test_takes_no_password_for_a_former_one(self) -> None:
        row = KeySlot.objects.get(user=self.alice, kind="password")
        assert self.client.get(reverse("accounts:keys-former", args=[row.id])).status_code == 404


class ReplaceTests(SlotPagesTestCase):
    def form(self, **changes: str) -> dict[str, str]:
        new_id = uuid4()
        password = base.slot_for("alice", self.alice.id, vault_key_id=new_id).as_wire()
        new = [{"slot": password, "name": "", "verifier": ""}]
        older = self.wire("older", newer_key_id=new_id)
        form = {"compromised": str(self.key_id), "older": older, "new_slots": json.dumps(new)}
        return form | changes

    def test_starts_a_new_key(self) -> None:
        self.post_recovery()
        answer = self.client.post(reverse("accounts:keys-replace"), self.form())

        assert answer.status_code == 302
        current = services.current_vault_key(self.alice.id)
        assert current is not None and current.id != self.key_id
        kinds = {row.kind for row in services.slots(self.alice.id)}
        assert kinds == {"password", "older"}

    def test_names_what_must_be_added_again(self) -> None:
        self.post_recovery()
        answer = self.client.get(reverse("accounts:keys-replace"))
        self.assertContains(answer, "<li>Notes recovery key: Safe</li>", html=True)

    def add_passkey(self, owner: User | None = None, name: str = "Blue key") -> Passkey:
        owner = owner or self.alice
        key = services.current_vault_key(owner.id)
        assert key is not None
        slot = crypto.wrap_for(
            "passkey",
            b"v" * 32,
            wrap_key=b"w" * 32,
            user_id=owner.id,
            vault_key_id=key.id,
            slot_id=uuid4(),
        )
        now = timezone.now()
        kept = services.add_slot(owner.id, slot, kind="passkey", name=name, at=now)
        return Passkey.objects.create(
            user=owner,
            name=name,
            credential_id=uuid4().hex,
            public_key=b"",
            slot=kept,
            created_at=now,
        )

    def with_passkey(self, passkey_id: object, kind: str = "passkey") -> dict[str, str]:
        form = self.form()
        new = json.loads(form["new_slots"])
        new_id = new[0]["slot"]["vault_key_id"]
        slot = json.loads(self.wire(kind, vault_key_id=UUID(new_id)))
        new.append({"slot": slot, "name": "x", "verifier": PROOF, "passkey": passkey_id})
        return {**form, "new_slots": json.dumps(new)}

    def test_takes_a_passkey_along_that_is_touched_now(self) -> None:
        blue, red = self.add_passkey(), self.add_passkey(name="Red key")
        self.assertContains(self.client.get(reverse("accounts:keys-replace")), blue.credential_id)

        answer = self.client.post(
            reverse("accounts:keys-replace"), self.with_passkey(str(blue.pk)), follow=True
        )

        blue.refresh_from_db()
        red.refresh_from_db()
        current = services.current_vault_key(self.alice.id)
        assert blue.slot is not None
        assert (blue.slot.vault_key, blue.slot.name) == (current, "Blue key")
        assert red.slot is None
        self.assertContains(answer, "add again what shall: Passkey: Red key")
        self.assertContains(answer, f"/settings/security/passkeys/{red.pk}/notes/")

    def test_refuses_a_passkey_that_is_none_of_theirs(self) -> None:
        own, theirs = self.add_passkey(), self.add_passkey(self.bob)
        for form in (
            self.with_passkey(str(theirs.pk)),
            self.with_passkey(str(uuid4())),
            self.with_passkey(""),
            self.with_passkey("nonsense"),
            self.with_passkey(str(own.pk), "recovery"),
        ):
            assert self.client.post(reverse("accounts:keys-replace"), form).status_code == 422
        own.refresh_from_db()
        assert own.slot is not None
        current = services.current_vault_key(self.alice.id)
        assert current is not None and current.id == self.key_id

    def test_refuses_what_does_not_fit(self) -> None:
        for change in (
            {"compromised": str(uuid4())},
            {"compromised": "none"},
            {"older": ""},
            {"new_slots": "[]"},
            {"new_slots": "[1]"},
            {"new_slots": "{}"},
            {"new_slots": "not JSON"},
        ):
            with self.subTest(change):
                form = self.form(**change)
                assert self.client.post(reverse("accounts:keys-replace"), form).status_code == 422
        current = services.current_vault_key(self.alice.id)
        assert current is not None and current.id == self.key_id


class BrowserTests(SlotPagesTestCase):
    def session_key(self) -> str:
        answer = self.client.get(reverse("accounts:keys-session"), headers={"X-Background": "1"})
        assert "no-store" in answer.headers["Cache-Control"]
        return str(answer.json()["key"])

    def test_hands_out_the_wrapped_keys(self) -> None:
        answer = self.client.get(reverse("accounts:keys-slots"))

        found = answer.json()
        assert "no-store" in answer.headers["Cache-Control"]
        assert (found["user_id"], found["vault_key_id"]) == (str(self.alice.id), str(self.key_id))
        slot = services.password_slot(self.alice.id)
        assert slot is not None
        assert [each["slot"] for each in found["slots"]] == [slot.as_wire()]

    def test_keeps_one_key_for_the_session(self) -> None:
        key = self.session_key()
        assert len(key) == 43
        assert self.session_key() == key

    def test_keeps_it_when_a_slow_page_saves_the_session_as_it_was(self) -> None:
        slow = SessionStore(self.client.session.session_key)
        slow["seen"] = 1
        key = self.session_key()
        slow.save()
        assert self.session_key() == key

    def test_keeps_it_sealed(self) -> None:
        key = self.session_key()
        assert key not in str(self.client.session.items())

    def test_gives_another_session_another_key(self) -> None:
        key = self.session_key()
        self.client.post(reverse("accounts:sign-out"))
        self.sign_in_as("alice")
        assert self.session_key() != key

    def test_tells_a_script_that_the_session_is_over(self) -> None:
        self.client.logout()
        answer = self.client.get(reverse("accounts:keys-session"), headers={"X-Background": "1"})
        assert answer.status_code == 401

    def test_notes_when_a_slot_was_used(self) -> None:
        row = KeySlot.objects.get(user=self.alice)
        bobs = KeySlot.objects.get(user=self.bob)
        for each, status in ((row, 204), (bobs, 404)):
            answer = self.client.post(reverse("accounts:keys-used", args=[each.id]))
            assert answer.status_code == status
            each.refresh_from_db()
        assert row.last_used_at is not None
        assert bobs.last_used_at is None

    def test_is_where_the_script_looks_for_it(self) -> None:
        source = (ROOT / "static/js/lib/open-vault.js").read_text()
        for name in ("accounts:keys-slots", "accounts:keys-session"):
            assert f'"{reverse(name)}"' in source
