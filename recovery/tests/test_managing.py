from __future__ import annotations

import re
from datetime import timedelta

from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import TotpDevice
from accounts.tests.test_account import age_the_proof
from audit.models import AuditEvent
from jobs.models import Job
from notifications.models import Notification, OutgoingMail
from recovery import services as recovery
from recovery.context_processors import DUE, recovery_banners
from recovery.models import RecoveryCode, RecoverySet
from recovery.tests import people
from sessions_lock.models import SessionActivity
from tests import base

SHOWN = re.compile(r"<code>([0-9A-Z-]{29})</code>")
REMINDER = "You have not kept backup sign-in codes yet"


def shown(response: object) -> list[str]:
    return SHOWN.findall(response.content.decode())  # type: ignore[attr-defined]


class ManagingTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        people.add_factor(self.alice)
        self.sign_in()

    def sign_in(self) -> None:
        TotpDevice.objects.update(confirmed=False)
        self.sign_in_as("alice")
        TotpDevice.objects.update(confirmed=True)
        base.show_factor(self.client)

    def make(self, replaces: object = "") -> list[str]:
        return shown(self.client.post(people.NEW, {"replaces": str(replaces)}))


class NewCodesTests(ManagingTestCase):
    def test_shows_them_in_the_answer_to_a_post_only(self) -> None:
        before = self.client.get(people.NEW)
        response = self.client.post(people.NEW, {"replaces": ""})
        after = self.client.get(people.NEW)

        assert (shown(before), shown(after)) == ([], [])
        assert len(set(shown(response))) == 10
        assert "no-store" in response.headers["Cache-Control"]

    def test_makes_nothing_by_looking(self) -> None:
        self.client.get(people.NEW)
        self.client.head(people.NEW)

        assert not RecoverySet.objects.exists()

    def test_shows_and_makes_nothing_when_the_post_is_repeated(self) -> None:
        codes = self.make()
        response = self.client.post(people.NEW, {"replaces": ""})

        self.assertRedirects(response, people.NEW)
        recovery.verify(self.alice.pk, typed=codes[0])

    def test_leaves_them_nowhere(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            codes = self.make()
        models = (AuditEvent, Notification, OutgoingMail, Job, SessionActivity, RecoveryCode)
        everything = str([list(model.objects.values()) for model in models])
        everything += str([message.body for message in mail.outbox]) + str(
            dict(self.client.session)
        )

        for code in codes:
            for text in (code, code.replace("-", ""), code[:11]):
                assert text not in everything

    def test_replaces_the_set_the_page_spoke_of(self) -> None:
        old = self.make()
        page = self.client.get(people.NEW)
        current = RecoverySet.objects.get()
        self.assertContains(page, str(current.pk))

        new = self.make(current.pk)

        recovery.verify(self.alice.pk, typed=new[0])
        with self.assertRaises(recovery.CodeRefused):
            recovery.verify(self.alice.pk, typed=old[0])

    def test_asks_for_a_proof_before_making_any(self) -> None:
        age_the_proof(self.client)
        response = self.client.post(people.NEW, {"replaces": "", "back": people.NEW})

        assert response.headers["Location"].startswith("/confirm/")
        assert not RecoverySet.objects.exists()

    def test_leads_to_the_enrolment_without_a_factor(self) -> None:
        TotpDevice.objects.all().delete()

        for response in (self.client.get(people.NEW), self.client.post(people.NEW)):
            self.assertRedirects(
                response, "/settings/security/enrol/", fetch_redirect_response=False
            )

    def test_is_recorded(self) -> None:
        self.make()

        names = set(AuditEvent.objects.values_list("event", flat=True))
        assert {"recovery.generated", "recovery.shown"} <= names
        assert RecoverySet.objects.get().shown_at is not None

    def test_is_closed_to_the_signed_out(self) -> None:
        for path in (people.NEW, people.CONFIRM, people.INVALIDATE):
            self.assertRedirects(Client().get(path), f"/sign-in/?next={path}")


class ConfirmTests(ManagingTestCase):
    def test_reminds_until_a_code_was_typed_back(self) -> None:
        codes = self.make()
        self.assertContains(self.client.get("/"), REMINDER)

        response = self.client.post(people.CONFIRM, {"code": codes[3].lower()})

        self.assertRedirects(response, people.SECURITY)
        self.assertNotContains(self.client.get("/"), REMINDER)
        recovery.verify(self.alice.pk, typed=codes[3])
        assert AuditEvent.objects.filter(event="recovery.confirmed").count() == 1

    def test_refuses_another_code_and_shows_none(self) -> None:
        self.make()
        response = self.client.post(people.CONFIRM, {"code": people.WRONG})

        assert response.status_code == 422
        assert shown(response) == []
        self.assertNotContains(response, people.WRONG, status_code=422)

    def test_takes_no_code_of_somebody_else(self) -> None:
        self.make()
        people.add_factor(self.bob)
        response = self.client.post(people.CONFIRM, {"code": people.make_codes(self.bob)[0]})

        assert response.status_code == 422

    def test_counts_what_is_typed(self) -> None:
        self.make()
        statuses = [
            self.client.post(people.CONFIRM, {"code": people.WRONG}).status_code for _ in range(21)
        ]

        assert statuses == [422] * 20 + [429]


class BannerTests(ManagingTestCase):
    def test_comes_with_a_sign_in_by_factor(self) -> None:
        codes = people.make_codes(self.alice)
        client = Client()
        people.show(client, "alice", codes[0])

        assert client.session[DUE] is True

    def test_goes_when_it_was_done_elsewhere(self) -> None:
        self.make()
        RecoverySet.objects.update(confirmed_at=timezone.now())

        self.assertNotContains(self.client.get("/"), REMINDER)
        assert DUE not in self.client.session

    def test_costs_no_query_when_nothing_is_due(self) -> None:
        codes = self.make()
        self.client.post(people.CONFIRM, {"code": codes[0]})
        request = self.client.get("/").wsgi_request
        assert request.user.is_authenticated

        with self.assertNumQueries(0):
            assert recovery_banners(request)["recovery_banners"]() is None


class SectionTests(ManagingTestCase):
    def test_says_how_many_are_left_and_where_one_was_used(self) -> None:
        codes = self.make()
        people.show(Client(REMOTE_ADDR="192.0.2.9"), "alice", codes[0])

        page = self.client.get(people.SECURITY)
        self.assertContains(page, "9 of 10 left")
        self.assertContains(page, "192.0.2.9")

    def test_warns_when_few_are_left(self) -> None:
        self.make()
        few = RecoveryCode.objects.values_list("pk", flat=True)[:7]
        RecoveryCode.objects.filter(pk__in=list(few)).update(used_at=timezone.now())

        self.assertContains(self.client.get(people.SECURITY), "3 of 10 left")
        self.assertContains(self.client.get(people.SECURITY), "Make new ones before")

    def test_tells_the_factorless_what_comes(self) -> None:
        client = self.sign_in_as("bob", Client())

        self.assertContains(client.get(people.SECURITY), "Once you have added a second factor")


class InvalidateTests(ManagingTestCase):
    def test_asks_and_ends_them(self) -> None:
        self.make()
        self.assertContains(self.client.get(people.INVALIDATE), "Invalidate them")
        response = self.client.post(people.INVALIDATE)

        self.assertRedirects(response, people.SECURITY)
        assert recovery.valid_set(self.alice.pk) is None
        event = AuditEvent.objects.get(event="recovery.invalidated")
        assert event.facts == {"by": "user"}

    def test_touches_nobody_else(self) -> None:
        people.add_factor(self.bob)
        people.make_codes(self.bob)
        self.make()
        self.client.post(people.INVALIDATE)

        assert recovery.valid_set(self.bob.pk) is not None

    def test_asks_for_a_proof(self) -> None:
        self.make()
        age_the_proof(self.client)

        assert self.client.post(people.INVALIDATE).headers["Location"].startswith("/confirm/")
        assert recovery.valid_set(self.alice.pk) is not None


class HelpTests(base.TestCase):
    def test_is_open_to_everybody(self) -> None:
        self.assertContains(self.client.get("/help/backup-codes/"), "notes recovery key")
        self.sign_in_as("alice")
        self.assertContains(self.client.get("/help/backup-codes/"), "notes recovery key")


class OldSetsTests(ManagingTestCase):
    def test_says_when_it_ended(self) -> None:
        self.make()
        later = timezone.now() + timedelta(days=1)
        recovery.generate(self.alice, replaces=RecoverySet.objects.get().pk, at=later)

        old = RecoverySet.objects.exclude(superseded_at=None).get()
        assert old.superseded_at == later
        assert not old.is_valid
