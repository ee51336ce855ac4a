"""Alice owns things, Bob is a stranger to them, Charlie operates the site."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any, ClassVar

from django import test
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from jobs import sending
from keyslots import crypto
from keyslots import services as keyslots

ITERATIONS = crypto.MIN_ITERATIONS


def auth_secret_of(name: str) -> bytes:
    """What a browser would derive from somebody's password, without the half-million rounds."""
    return hashlib.sha256(f"auth secret of {name}".encode()).digest()


def salt_of(name: str) -> bytes:
    return hashlib.sha256(f"salt of {name}".encode()).digest()[:16]


def posted_secret(name: str) -> str:
    return crypto.encode_base64url(auth_secret_of(name))


def slot_for(name: str, user_id: uuid.UUID, **changes: Any) -> crypto.PasswordSlot:
    wanted = {
        "vault_key": b"v" * 32,
        "wrap_key": b"w" * 32,
        "user_id": user_id,
        "vault_key_id": uuid.uuid4(),
        "slot_id": uuid.uuid4(),
        "iterations": ITERATIONS,
        "salt": salt_of(name),
        **changes,
    }
    return crypto.wrap_vault_key(wanted.pop("vault_key"), **wanted)


def posted_slot(slot: crypto.PasswordSlot) -> str:
    return json.dumps(slot.as_wire())


def make_user(name: str, *, with_slot: bool = True, **fields: Any) -> User:
    user = User(email=f"{name}@example.com", display_name=name.capitalize(), **fields)
    user.set_auth_secret(auth_secret_of(name), salt=salt_of(name), iterations=ITERATIONS)
    user.save(force_insert=True)
    if with_slot:
        keyslots.start_vault_key(user.id, slot_for(name, user.id), at=timezone.now())
    return user


def sign_in(client: test.Client, name: str, **extra: Any) -> Any:
    """Sign in the way the page does; the answer is the redirect."""
    form = {"email": f"{name}@example.com", "auth_secret": posted_secret(name), **extra}
    return client.post("/sign-in/", form)


DATABASES = set(settings.DATABASES)


def show_factor(client: test.Client, amr: str = "otp") -> None:
    """As if a second factor had been shown in this session."""
    session = client.session
    session["amr"] = [*session["amr"], amr]
    session["has_factor"] = True
    session.save()


def start_afresh() -> None:
    """Nothing an earlier test left in the cache or in this process."""
    cache.clear()
    sending.resume()


class PeopleMixin:
    alice: ClassVar[User]
    bob: ClassVar[User]
    charlie: ClassVar[User]

    @classmethod
    def make_people(cls) -> None:
        cls.alice = make_user("alice")
        cls.bob = make_user("bob")
        cls.charlie = make_user("charlie", is_staff=True, is_superuser=True)


class TestCase(PeopleMixin, test.TestCase):
    """Every test rolls back. People are made once a class."""

    databases = DATABASES

    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people()

    def setUp(self) -> None:
        start_afresh()
        self.client = test.Client()

    def sign_in_as(self, name: str, client: test.Client | None = None) -> test.Client:
        client = client or self.client
        response = sign_in(client, name)
        assert response.status_code == 302, response.content
        if name == "charlie":
            show_factor(client)
        return client


class TransactionTestCase(PeopleMixin, test.TransactionTestCase):
    """For what needs real commits: threads, rollbacks, `on_commit`."""

    databases = DATABASES

    def setUp(self) -> None:
        start_afresh()
        self.client = test.Client()
        self.make_people()
