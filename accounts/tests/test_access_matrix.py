"""Walks every address of the site in every role, and compares with the table."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import roles
from accounts.models import Passkey, TrustedBrowser, User
from accounts.tests import access_table as table
from accounts.totp.tests.test_totp import enrol
from anomalies.history import trust_country
from anomalies.models import Mute
from anomalies.tests.people import make_attempt
from api.tests.making import make_token
from core import sealing
from exports import services as exports
from exports.choosing import Choice, Gathered
from imports.tests.making import make_import
from keyslots.models import KeySlot, VaultKey
from notifications.models import Notification
from sessions_lock.models import SessionActivity
from sessions_lock.store import SessionStore
from tests import base
from vault import services as vault
from vault.models import EntryType
from vault.tests.making import NOON, account, make_entry, picture

FORM = "application/x-www-form-urlencoded"
FORCED = {"SECOND_FACTOR": "all", "SECOND_FACTOR_GRACE_DAYS": 0}


def addresses(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """The names of all addresses, each with the names of its parts."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from addresses(pattern, prefix + inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            parts = pattern.pattern.converters or pattern.pattern.regex.groupindex
            yield prefix + pattern.name, list(parts)


def things_of(user: User) -> dict[str, Any]:
    """One object of each kind, as the table names them."""
    now = timezone.now()
    entry = make_entry(user, 1, type=EntryType.HOTP.value)
    vault.set_icon(entry=entry, picture=picture(), at=now)
    vault.replace_secret(entry=entry, account=account(9), at=now)
    trashed = make_entry(user, 2)
    vault.trash_entry(entry=trashed, at=now)
    twin = account(3)
    make_entry(user, 3)
    added = vault.add_accounts(owner=user, accounts=[twin], at=NOON)
    draft = vault.keep_drafts(owner=user, duplicates=added.duplicates, at=now, website="")[0]
    notice = {"kind": "new_sign_in", "params": {}, "created_at": now}
    trust = {"token_hash": uuid.uuid4().hex, "created_at": now, "expires_at": now}
    key = {"credential_id": uuid.uuid4().hex, "public_key": b"key", "created_at": now}
    return {
        "entry": entry.pk,
        "trashed entry": trashed.pk,
        "import": make_import(user, account(4), at=now).pk,
        "draft": draft.pk,
        "earlier secret": entry.earlier_secrets.get().pk,
        "category": vault.add_category(owner=user, name="Work", at=now).pk,
        "notification": Notification.objects.create(user_id=user.pk, **notice).pk,
        "totp device": enrol(user).pk,
        "passkey": Passkey.objects.create(user=user, name="Key", **key).pk,
        "session": make_session(user),
        "browser": TrustedBrowser.objects.create(user=user, **trust).pk,
        "sign-in": make_attempt(user).pk,
        "trusted place": trust_country(user, "NL", at=now).pk,
        "mute": Mute.objects.create(user=user, network="192.0.2.7", created_at=now).pk,
        "export": make_export(user),
        "API token": make_token(user)[0].pk,
        "slot": user.key_slots.get(kind=KeySlot.Kind.PASSWORD).pk,
        # The key made last is the one in use.
        "older key": KeySlot.objects.get(pk=make_slot(user, KeySlot.Kind.OLDER)).vault_key_id,
        "former slot": make_slot(user, KeySlot.Kind.FORMER_PASSWORD),
        "recovery slot": make_slot(user, KeySlot.Kind.RECOVERY),
    }


def make_session(user: User) -> uuid.UUID:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store.save()
    return SessionActivity.objects.filter(user=user).latest("started_at").pk


def make_export(user: User) -> uuid.UUID:
    now = timezone.now()
    choice = Choice("csv")
    with override_settings(JOB_HANDLERS={"export": "jobs.tests.handlers.note"}):
        export = exports.enqueue(user, choice, Gathered(), password=None, at=now)
    exports.keep(export.pk, iter([b"a file"]))
    exports.finish(export.pk, size=6, at=now)
    return export.pk


def make_slot(user: User, kind: str) -> uuid.UUID:
    now = timezone.now()
    key = VaultKey.objects.create(id=uuid.uuid4(), user=user, created_at=now)
    slot = base.slot_for(user.display_name, user.pk, vault_key_id=key.pk)
    row = KeySlot(id=slot.slot_id, user=user, vault_key=key, kind=kind, created_at=now)
    sealing.seal_field(row, "sealed_slot", json.dumps(slot.as_wire()).encode())
    row.save(force_insert=True)
    return slot.slot_id


def outcome(response: Any) -> str:
    location = response.headers.get("Location", "")
    if location == "/sign-in/" or location.startswith("/sign-in/?next="):
        return table.SIGN_IN
    if location == "/settings/security/enrol/":
        return table.ENROL
    if location.startswith("/admin/login/"):
        return table.KEPT_OUT
    found = {401: table.NO_TOKEN, 403: table.CLOSED, 404: table.NOTHING, 405: table.NO_SUCH_DEED}
    if response.status_code == 500:
        return "a fault"
    return found.get(response.status_code, table.OPEN)


# A provider that nobody answers for: its pages are there, and lead nowhere.
@override_settings(OIDC_ISSUER="http://127.0.0.1:9", OIDC_CLIENT_ID="authnode", WEBHOOKS=True)
class MatrixTests(base.TestCase):
    """Each request is undone, and made from the same state as all others."""

    own: dict[str, Any]
    foreign: dict[str, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.own = {}
        cls.foreign = things_of(cls.bob)

    def test_lists_every_address(self) -> None:
        assert {name for name, _ in addresses()} == set(table.TABLE)

    def test_opens_to_strangers_what_the_table_says(self) -> None:
        self.own = things_of(self.alice)
        self.walk("anonymous", Client())

    def test_opens_nothing_to_a_password_alone(self) -> None:
        self.own = things_of(self.alice)
        client = Client()
        assert base.sign_in(client, "alice").headers["Location"] != "/"
        self.walk("pending", client)

    @override_settings(**FORCED)
    def test_opens_the_enrolment_alone_once_the_grace_is_over(self) -> None:
        client = Client()
        base.sign_in(client, "alice")
        self.own = things_of(self.alice)
        self.walk("restricted", client)

    def test_opens_to_users_what_is_theirs(self) -> None:
        client = Client()
        base.sign_in(client, "alice")
        self.own = things_of(self.alice)
        self.walk("user", client)

    def test_keeps_operators_without_a_factor_out_of_the_administration(self) -> None:
        client = Client()
        base.sign_in(client, "charlie")
        self.own = things_of(self.charlie)
        self.walk("unproven operator", client)

    def test_opens_the_administration_to_operators_and_no_vaults(self) -> None:
        client = self.sign_in_as("charlie", Client())
        self.own = things_of(self.charlie)
        self.walk("operator", client)

    def test_opens_to_each_role_what_is_its_own(self) -> None:
        self.own = {}
        for role in ("viewer", "helpdesk"):
            client = Client()
            roles.give(self.alice, role, by=None, at=timezone.now())
            base.sign_in(client, "alice")
            base.show_factor(client)
            self.walk_administration(role, client)

    def walk_administration(self, role: str, client: Client) -> None:
        cookies = client.cookies.output(header="", sep=";")
        for name, parts in addresses():
            access = table.TABLE.get(name)
            if access is None or access.rule not in (table.ADMIN, table.OPERATORS):
                continue
            for method in access.methods:
                client.cookies = SimpleCookie(cookies)
                path = reverse(name, kwargs=self.parts(parts, access, self.own))
                found = outcome(self.ask(client, method, path))
                with self.subTest(f"{role}: {method} {name}"):
                    if role not in access.roles:
                        assert found == table.CLOSED, found
                    elif method == "GET":
                        assert found in {table.OPEN, table.NOTHING}, found
                    else:
                        assert found != table.KEPT_OUT, found

    def walk(self, role: str, client: Client) -> None:
        cookies = client.cookies.output(header="", sep=";")
        for name, parts in addresses():
            access = table.TABLE.get(name)
            if access is None:
                continue
            for method in ("GET", "POST"):
                has_two = access.thing and role not in ("anonymous", "pending")
                for things in (self.own, self.foreign) if has_two else (self.own,):
                    client.cookies = SimpleCookie(cookies)
                    path = reverse(name, kwargs=self.parts(parts, access, things))
                    response = self.ask(client, method, path)
                    wanted = expected(access, role, method, is_own=things is self.own)
                    with self.subTest(f"{role}: {method} {name}", own=things is self.own):
                        self.judge(response, wanted)

    def ask(self, client: Client, method: str, path: str) -> Any:
        cache.clear()
        # A savepoint and no atomic block, as attempts are counted by transactions of their own.
        before = transaction.savepoint()
        try:
            return client.generic(method, path, content_type=FORM)
        finally:
            transaction.savepoint_rollback(before)

    def judge(self, response: Any, wanted: str) -> None:
        found = outcome(response)
        if wanted == table.LET_IN:
            assert found in {table.OPEN, table.CLOSED, table.NOTHING, table.NO_SUCH_DEED}, found
        elif wanted == table.KEPT_OUT:
            assert found in {table.KEPT_OUT, table.SIGN_IN}, found
        elif wanted == table.LEFT:
            assert found == table.SIGN_IN, found
        else:
            assert found == wanted, f"{found}, not {wanted}"

    def parts(
        self, parts: list[str], access: table.Access, things: dict[str, Any]
    ) -> dict[str, Any]:
        fixed = {
            "app_label": "accounts",
            "slug": "github",
            "user_id": self.alice.pk,
            "content_type_id": 1,
        }
        anything = things.get(access.thing, uuid.uuid4())
        return {part: fixed.get(part, anything) for part in parts}


def expected(access: table.Access, role: str, method: str, *, is_own: bool) -> str:
    wanted = access.rule[table.ROLES.index(role)]
    if access.rule == table.FRONT and (role, method) == ("anonymous", "POST"):
        return table.SIGN_IN
    # Here the view itself sends people to the sign-in.
    is_sent = wanted == table.SIGN_IN and access.rule in (table.LEAVING, table.PENDING)
    # And the API finds out which methods there are before it asks who it is.
    is_asked = wanted == table.NO_TOKEN and access.rule == table.TOKENS
    is_let_through = wanted in {table.OPEN, table.LEFT} or is_sent or is_asked
    if is_let_through and method not in access.methods:
        return table.NO_SUCH_DEED
    return access.foreign if wanted == table.OPEN and not is_own else wanted
