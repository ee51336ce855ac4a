from __future__ import annotations

import uuid
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts import signals
from accounts.models import User
from api import services
from api.models import ApiToken
from api.tests.making import Program, make_token, problem
from audit import events
from audit.models import AuditEvent
from notifications.models import Notification
from tests import base

STATE = "/api/v1/token"


def recorded(event: str) -> int:
    return AuditEvent.objects.filter(event=event).count()


class MakingTests(base.TestCase):
    def test_keeps_nothing_that_lets_anybody_in(self) -> None:
        row, token = make_token(self.alice)

        row.refresh_from_db()
        kept = " ".join(str(value) for value in vars(row).values())
        assert token not in kept
        assert token[services.SHOWN :] not in kept
        assert row.token_hash == services.hash_of(token)
        assert token.startswith(row.prefix)

    def test_is_different_each_time(self) -> None:
        tokens = {make_token(self.alice)[1] for _ in range(5)}

        assert len(tokens) == 5
        assert all(len(token) == 49 for token in tokens)

    def test_tells_its_owner_and_the_log(self) -> None:
        make_token(self.alice, name="Backup script")

        event = AuditEvent.objects.get(event=events.TOKEN_MADE)
        assert event.sentence == "You made the API token Backup script."
        notice = Notification.objects.get(user=self.alice, kind="api_token_made")
        assert "Backup script" in notice.sentence

    def test_has_an_end(self) -> None:
        row, _ = make_token(self.alice, days=9999)

        assert row.expires_at - row.created_at == services.LONGEST_LIFE

    def test_stops_at_twenty(self) -> None:
        for _ in range(services.MOST_PER_USER):
            make_token(self.alice)

        with self.assertRaises(services.TooManyTokens):
            make_token(self.alice)
        make_token(self.bob)

    def test_makes_one_of_a_form_that_is_sent_twice(self) -> None:
        row, _ = make_token(self.alice)
        with self.assertRaises(services.MadeAlready):
            services.make(
                self.bob,
                token_id=row.pk,
                name="x",
                scopes=[],
                networks=[],
                lifetime=timedelta(days=1),
                at=timezone.now(),
            )
        assert ApiToken.objects.get().user == self.alice


class EndingTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.row, token = make_token(self.alice)
        self.program = Program(token)

    def assert_refused(self, reason: str) -> None:
        assert problem(self.program.get(STATE)) == "token-not-valid"
        self.row.refresh_from_db()
        assert self.row.ended_reason == reason

    def test_works_until_then(self) -> None:
        assert self.program.get(STATE).json()["name"] == "Script"

    def test_opens_nothing_once_it_is_ended(self) -> None:
        assert services.end(self.alice, self.row.pk, at=timezone.now())

        self.assert_refused("by user")
        assert services.end(self.alice, self.row.pk, at=timezone.now()) is None
        assert recorded(events.TOKEN_ENDED) == 1

    def test_is_ended_by_its_owner_alone(self) -> None:
        assert services.end(self.bob, self.row.pk, at=timezone.now()) is None

        assert self.program.get(STATE).status_code == 200

    def test_opens_nothing_once_it_has_expired(self) -> None:
        ApiToken.objects.update(expires_at=timezone.now())

        self.assert_refused("")
        assert recorded(events.TOKEN_REFUSED) == 1

    def test_ends_with_the_credentials(self) -> None:
        signals.credentials_changed.send(
            sender=User, user_id=self.alice.pk, but="this session", at=timezone.now()
        )

        self.assert_refused("credentials changed")
        notice = Notification.objects.get(user=self.alice, kind="api_tokens_ended")
        assert notice.sentence.startswith("1 of your API tokens ended.")

    def test_ends_when_the_account_is_taken(self) -> None:
        signals.account_compromised.send(
            sender=User, user_id=self.alice.pk, drops_codes=False, at=timezone.now()
        )

        self.assert_refused("credentials changed")

    def test_ends_with_the_account(self) -> None:
        self.alice.is_active = False
        self.alice.save(update_fields=["is_active"])
        self.assert_refused("account closed")

        User.objects.update(is_active=True)
        self.assert_refused("account closed")

    def test_ends_even_where_nobody_told_that_the_account_was_closed(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(is_active=False)

        self.assert_refused("account closed")

    def test_leaves_those_of_others(self) -> None:
        _, token = make_token(self.bob)
        services.end_all(self.alice.pk, "credentials changed", at=timezone.now())

        assert Program(token).get(STATE).status_code == 200

    def test_is_forgotten_a_month_after_its_end(self) -> None:
        now = timezone.now()
        services.end(self.alice, self.row.pk, at=now)

        assert services.forget_ended(at=now + timedelta(days=29)) == 0
        assert services.forget_ended(at=now + timedelta(days=31)) == 1


class BoundTests(base.TestCase):
    def shown_from(self, token: str, address: str) -> int:
        response = Client(REMOTE_ADDR=address).get(
            STATE, headers={"Authorization": f"Bearer {token}"}
        )
        return int(response.status_code)

    def test_works_from_its_addresses_alone(self) -> None:
        _, token = make_token(self.alice, networks=["192.0.2.7", "2001:db8::/48"])

        assert self.shown_from(token, "192.0.2.7") == 200
        assert self.shown_from(token, "2001:db8:0:5::1") == 200
        assert self.shown_from(token, "192.0.2.8") == 403
        assert self.shown_from(token, "2001:db8:1::1") == 403

    def test_records_where_it_was_tried(self) -> None:
        _, token = make_token(self.alice, networks=["192.0.2.7"])
        self.shown_from(token, "198.51.100.1")

        event = AuditEvent.objects.get(event=events.TOKEN_REFUSED)
        assert (event.user, event.address) == (self.alice.pk, "198.51.100.1")
        assert event.facts == {"reason": "other address"}

    def test_keeps_some_refusals_and_not_thousands(self) -> None:
        _, token = make_token(self.alice, networks=["192.0.2.7"])
        for _ in range(services.REFUSALS_KEPT + 3):
            self.shown_from(token, "198.51.100.1")

        assert recorded(events.TOKEN_REFUSED) == services.REFUSALS_KEPT


class UseTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()
        self.row, _ = make_token(self.alice)

    def note(self, minutes: int, address: str = "192.0.2.7") -> None:
        row = ApiToken.objects.get(pk=self.row.pk)
        at = self.now + timedelta(minutes=minutes)
        services.note_use(row, address=address, browser="API token “Script”", at=at)

    def test_is_written_every_five_minutes_at_most(self) -> None:
        self.note(0)
        with self.assertNumQueries(1):
            self.note(4)
        self.row.refresh_from_db()
        assert self.row.last_used_at == self.now

        self.note(5)
        self.row.refresh_from_db()
        assert self.row.last_used_at == self.now + timedelta(minutes=5)

    def test_tells_the_log_of_another_address(self) -> None:
        self.note(0)
        self.note(1, "198.51.100.1")

        self.row.refresh_from_db()
        assert self.row.last_used_address == "198.51.100.1"
        assert recorded(events.TOKEN_USED) == 2

    def test_records_once_an_hour_that_codes_were_read(self) -> None:
        for minutes in (0, 59, 61):
            row = ApiToken.objects.get(pk=self.row.pk)
            services.note_codes(row, at=self.now + timedelta(minutes=minutes))

        assert recorded(events.TOKEN_READ_CODES) == 2

    def test_gives_unknown_tokens_one_answer(self) -> None:
        for token in ("", "anode_", "anode_" + "A" * 43, str(uuid.uuid4()), "é" * 20):
            program = Program("x")
            program.headers["Authorization"] = f"Bearer {token}"
            assert problem(program.get(STATE)) == "token-not-valid"
