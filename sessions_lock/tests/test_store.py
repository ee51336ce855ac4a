from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from sessions_lock import services
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore, hash_key
from tests import base


def started(user_id: object) -> SessionStore:
    store = SessionStore()
    store[SESSION_KEY] = str(user_id)
    store.save()
    return store


class StoreTests(base.TestCase):
    def test_keeps_what_was_put_in(self) -> None:
        store = SessionStore()
        store["word"] = "kept"
        store.save()

        assert SessionStore(store.session_key)["word"] == "kept"

    def test_keeps_only_a_hash_of_the_key(self) -> None:
        store = started(self.alice.id)

        row = SessionActivity.objects.get()
        assert row.key_hash == hash_key(store.session_key)
        assert str(store.session_key) not in str(vars(row))

    def test_reads_user_and_deadline_with_the_session(self) -> None:
        key = started(self.alice.id).session_key

        with self.assertNumQueries(1):
            SessionStore(key).keys()

    def test_lasts_twelve_hours_and_an_anonymous_one_an_hour(self) -> None:
        started(self.alice.id)
        anonymous = SessionStore()
        anonymous.save()

        rows = {row.user_id: row for row in SessionActivity.objects.all()}
        lifetimes = {user: row.absolute_deadline - row.started_at for user, row in rows.items()}
        assert lifetimes == {self.alice.id: timedelta(hours=12), None: timedelta(hours=1)}

    def test_does_not_gain_time_by_later_saves(self) -> None:
        key = started(self.alice.id).session_key
        before = SessionActivity.objects.get().absolute_deadline

        store = SessionStore(key)
        store["word"] = "more"
        store.save()
        store.cycle_key()
        store.save()

        assert SessionActivity.objects.get().absolute_deadline == before

    def test_is_empty_past_its_deadline(self) -> None:
        key = started(self.alice.id).session_key
        SessionActivity.objects.update(absolute_deadline=timezone.now())

        store = SessionStore(key)
        assert dict(store.items()) == {}
        assert store.session_key is None


class EndTests(base.TestCase):
    def test_cannot_be_saved_back_to_life(self) -> None:
        key = started(self.alice.id).session_key
        late = SessionStore(key)
        late["word"] = "from a slow request"

        SessionStore(key).delete()

        with pytest.raises(UpdateError):
            late.save()
        with pytest.raises(UpdateError):
            late.cycle_key()
        assert dict(SessionStore(key).items()) == {}

    def test_forgets_what_the_session_held(self) -> None:
        key = started(self.alice.id).session_key

        SessionStore(key).flush()

        row = SessionActivity.objects.get()
        assert (row.session_data, row.ended_reason) == ("", "signed out")
        assert row.ended_at is not None

    def test_deletes_an_anonymous_row(self) -> None:
        store = SessionStore()
        store.save()

        store.flush()

        assert not SessionActivity.objects.exists()


class RotationTests(base.TestCase):
    def test_is_one_update_of_the_row(self) -> None:
        store = started(self.alice.id)
        old_key, row_id = store.session_key, SessionActivity.objects.get().id

        with self.assertNumQueries(2):  # a free key is looked for, then the UPDATE
            store.cycle_key()

        row = SessionActivity.objects.get()
        assert row.id == row_id
        assert row.key_hash == hash_key(store.session_key) != hash_key(old_key)

    def test_makes_the_old_key_useless(self) -> None:
        store = started(self.alice.id)
        old_key = store.session_key
        store.cycle_key()

        assert dict(SessionStore(old_key).items()) == {}
        assert SessionStore(store.session_key)[SESSION_KEY] == str(self.alice.id)


class LateRequestTests(base.TestCase):
    """A poll that left with the old key and arrives after the rotation."""

    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.late = Client()
        self.late.cookies["session"] = self.client.cookies["session"].value
        store = SessionStore(self.client.cookies["session"].value)
        store.cycle_key()
        self.client.cookies["session"] = store.session_key or ""

    def test_is_answered_204_without_touching_the_cookie(self) -> None:
        response = self.late.get("/codes/", headers={"X-Background": "1"})

        assert response.status_code == 204
        assert "session" not in response.cookies

    def test_is_a_stranger_after_half_a_minute(self) -> None:
        SessionActivity.objects.update(previous_until=timezone.now())

        response = self.late.get("/codes/", headers={"X-Background": "1"})

        assert response.status_code == 401
        assert "session" not in response.cookies

    def test_is_a_stranger_as_a_page(self) -> None:
        response = self.late.get("/settings/")

        assert response.status_code == 302
        assert "session" not in response.cookies


class CookieTests(base.TestCase):
    def test_is_left_alone_when_the_session_is_unknown(self) -> None:
        self.client.cookies["session"] = "x" * 32

        for path in ("/sign-in/", "/settings/", "/offline/"):
            assert "session" not in self.client.get(path).cookies

    def test_is_left_alone_by_background_requests(self) -> None:
        self.sign_in_as("alice")

        response = self.client.get("/codes/", headers={"X-Background": "1"})

        assert "session" not in response.cookies

    def test_is_deleted_at_sign_out(self) -> None:
        self.sign_in_as("alice")

        assert self.client.post("/sign-out/").cookies["session"]["httponly"]

    def test_is_httponly_and_lax(self) -> None:
        cookie = base.sign_in(self.client, "alice").cookies["session"]

        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["max-age"] == ""


class ServiceTests(base.TestCase):
    def test_ends_the_others_of_one_user(self) -> None:
        mine, other = started(self.alice.id), started(self.alice.id)
        bobs = started(self.bob.id)

        ended = services.end_others(self.alice.id, but=mine.session_key, at=timezone.now())

        assert ended == 1
        assert dict(SessionStore(other.session_key).items()) == {}
        assert SessionStore(bobs.session_key)[SESSION_KEY] == str(self.bob.id)

    def test_forgets_rows_a_month_after_their_end(self) -> None:
        now = timezone.now()
        started(self.alice.id)
        SessionStore().save()

        assert services.forget_ended(at=now + timedelta(hours=2)) == 1
        assert services.forget_ended(at=now + timedelta(days=20)) == 0
        assert services.forget_ended(at=now + timedelta(days=31)) == 1
