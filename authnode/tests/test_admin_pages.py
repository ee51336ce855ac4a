"""What holds for every page of the administration, found by walking its registry and addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from accounts.help import services as factor_help
from accounts.help.tests.test_resets import give_factors
from accounts.models import SignUpToken, User
from accounts.tests.test_account import age_the_proof
from anomalies.models import PasswordDemand, ReviewCase
from anomalies.tests.people import make_attempt
from audit import services as audit
from backups.models import Backup, BackupCopy
from core.fields import SealedField
from jobs.models import Job
from notifications.models import OutgoingMail
from recovery.tests.people import make_codes
from sessions_lock.models import LockTimeout
from tests import base

# One page that lists what is locked, without pages of single rows.
OWN_LIST = "accounts.LockedSignIn"
SECRET = re.compile(r"k1:|token_hash|code_hash|kdf_salt|session_data|key_hash")


def _token(user: User) -> None:
    now = timezone.now()
    SignUpToken.objects.create(
        email=user.email, invited_by=user, origin="invitation", token_hash=uuid.uuid4().hex,
        created_at=now, expires_at=now,
    )  # fmt: skip


def _reset(user: User) -> None:
    give_factors(user)
    factor_help.request_reset(user, reason="Phone lost", by=None, at=timezone.now())


def _backup(user: User) -> None:
    now = timezone.now()
    row = Backup.objects.create(name=user.email, kind="manual", started_at=now, requested_by=user)
    BackupCopy.objects.create(backup=row, place="local")


def _case(user: User) -> None:
    attempt = make_attempt(user)
    now = timezone.now()
    ReviewCase.objects.create(attempt=attempt, user=user, origin="score", opened_at=now)


def _task(user: User) -> None:
    rhythm = IntervalSchedule.objects.create(every=len(user.email), period="seconds")
    PeriodicTask.objects.create(name=user.email, task="x", interval=rhythm)


def _job(user: User) -> None:
    now = timezone.now()
    Job.objects.create(kind="mail", subject=user.pk, not_before=now, created_at=now)


def _codes(user: User) -> None:
    give_factors(user)
    make_codes(user)


MAKERS: dict[str, Callable[[User], Any]] = {
    "accounts.User": lambda user: user.groups.add(Group.objects.get(name="viewer")),
    "accounts.SignUpToken": _token,
    "accounts.FactorReset": _reset,
    "audit.AuditEvent": lambda user: audit.record("session.started", user=user.pk),
    "audit.Tombstone": lambda user: audit.bury("x", user.pk, at=timezone.now()),
    "auth.Group": lambda user: Group.objects.create(name=user.email),
    "backups.Backup": _backup,
    "django_celery_beat.PeriodicTask": _task,
    "jobs.Job": _job,
    "notifications.OutgoingMail": lambda user: OutgoingMail.objects.create(
        kind="x", user=user.pk, created_at=timezone.now()
    ),
    "recovery.RecoverySet": _codes,
    "anomalies.ReviewCase": _case,
    "anomalies.LoginAttempt": make_attempt,
    "anomalies.PasswordDemand": lambda user: PasswordDemand.objects.create(
        user=user, credentials_version=1, created_at=timezone.now()
    ),
    "sessions_lock.LockTimeout": lambda user: LockTimeout.objects.create(user=user, minutes=10),
    "sessions_lock.SessionActivity": lambda user: base.sign_in(
        Client(), user.email.partition("@")[0]
    ),
}


def registered() -> dict[str, admin.ModelAdmin[Any]]:
    found = {model._meta.label: site for model, site in admin.site._registry.items()}
    return {label: site for label, site in found.items() if label != OWN_LIST}


def path_of(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


class EveryListTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")

    def test_is_walked_here(self) -> None:
        assert set(registered()) == set(MAKERS)

    def test_can_be_searched_and_filtered(self) -> None:
        for label, site in registered().items():
            assert site.search_fields, label
            assert site.list_filter, label
            answer = self.client.get(path_of(site.model, "changelist"), {"q": "alice"})
            assert answer.status_code == 200, label

    def test_asks_the_database_as_often_for_many_rows_as_for_one(self) -> None:
        for label, site in registered().items():
            MAKERS[label](self.alice)
            one = self.count_queries(site.model)
            for number in range(4):
                MAKERS[label](base.make_user(f"u{number}{label.lower().replace('.', '')}"))
            with self.subTest(label):
                assert self.count_queries(site.model) <= one

    def count_queries(self, model: type[Model]) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert self.client.get(path_of(model, "changelist")).status_code == 200
        return len(asked)

    def test_shows_no_secret_in_lists_and_on_pages(self) -> None:
        for label, site in registered().items():
            MAKERS[label](self.alice)
            row = site.model._default_manager.order_by("-pk").first()
            for path in (path_of(site.model, "changelist"), path_of(site.model, "change", row.pk)):
                page = self.client.get(path).content.decode()
                assert not SECRET.search(page), (label, path)

    def test_has_no_field_for_what_is_sealed(self) -> None:
        request = self.client.get("/admin/").wsgi_request
        for label, site in registered().items():
            sealed = {f.name for f in site.model._meta.fields if isinstance(f, SealedField)}
            shown = {*site.get_fields(request), *site.get_list_display(request)}
            assert not sealed & shown, label


class EveryAddressTests(base.TestCase):
    def paths(self) -> list[str]:
        made = []
        for pattern in admin.site.urls[0]:
            inner = pattern.url_patterns if isinstance(pattern, URLResolver) else [pattern]
            made += [self.path(each) for each in inner if isinstance(each, URLPattern)]
        return [path for path in made if path]

    def path(self, pattern: URLPattern) -> str:
        if not pattern.name or pattern.name in {"login", "logout"}:
            return ""
        fixed = {"app_label": "accounts", "content_type_id": 1, "table": "days", "deed": "safe"}
        parts = pattern.pattern.converters or pattern.pattern.regex.groupindex
        values = {name: fixed.get(name, uuid.uuid4()) for name in parts}
        return reverse(f"admin:{pattern.name}", kwargs=values)

    def test_wants_a_role(self) -> None:
        client = self.sign_in_as("alice", Client())
        base.show_factor(client)
        for path in self.paths():
            for answer in (client.get(path), client.post(path)):
                assert answer.status_code == 302, path
                assert answer.headers["Location"].startswith("/admin/login/"), path

    def test_wants_a_second_factor(self) -> None:
        client = Client()
        base.sign_in(client, "charlie")
        for path in self.paths():
            for answer in (client.get(path), client.post(path)):
                assert answer.headers.get("Location", "").startswith("/admin/login/"), path

    def test_wants_a_recent_confirmation_for_every_write(self) -> None:
        client = self.sign_in_as("charlie", Client())
        age_the_proof(client, minutes=11)
        assert len(self.paths()) > 80
        before = LogEntry.objects.count()
        for path in self.paths():
            for method in (client.post, client.put, client.patch, client.delete):
                answer = method(path)
                assert answer.status_code == 302, (path, method)
                assert answer.headers["Location"].startswith("/confirm/?next="), path
        assert LogEntry.objects.count() == before
