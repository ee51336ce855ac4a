from __future__ import annotations

import smtplib
import uuid
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from unittest import mock

from django.core import mail
from django.db import transaction
from django.utils import timezone

from audit import events
from audit.models import AuditEvent
from jobs import running, tasks
from jobs.models import Job
from notifications import mail as delivery
from notifications import services
from notifications.models import OutgoingMail
from tests.base import TestCase

SMTP = "django.core.mail.backends.locmem.EmailBackend.send_messages"
INVITATION = {
    "link": "http://localhost:8000/sign-up/#token=abc",
    "expires_at": "2026-03-04T05:06:00+00:00",
    "inviter": "Charlie",
}


def html_of(sent: Any) -> str:
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    return str(html)


class MailTestCase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()

    def send(self, to: str = "dora@example.com", **context: str) -> OutgoingMail:
        with self.captureOnCommitCallbacks(execute=True):
            return services.send_mail(to, "invitation", {**INVITATION, **context}, at=self.now)

    def job_of(self, row: OutgoingMail) -> Job:
        return Job.objects.get(kind="mail", subject=row.id)


class SendMailTest(MailTestCase):
    def test_sends_text_and_html(self) -> None:
        self.send()

        sent = mail.outbox[0]
        assert sent.to == ["dora@example.com"]
        assert sent.subject == "You are invited to localhost:8000"
        assert INVITATION["link"] in sent.body
        assert "4 March 2026, 05:06 UTC" in sent.body
        assert f'href="{INVITATION["link"]}"' in html_of(sent)

    def test_wipes_what_was_sent(self) -> None:
        row = self.send()

        row.refresh_from_db()
        assert (row.sealed_recipient, row.sealed_message) == ("", "")
        assert row.sent_at is not None
        assert self.job_of(row).state == Job.State.DONE

    def test_seals_what_waits(self) -> None:
        row = services.send_mail("dora@example.com", "invitation", INVITATION, at=self.now)

        stored = str(OutgoingMail.objects.filter(pk=row.pk).values())
        assert "dora" not in stored
        assert "token" not in stored

    def test_sends_nothing_when_the_deed_is_undone(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            try:
                with transaction.atomic():
                    services.send_mail("d@example.com", "invitation", INVITATION, at=self.now)
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass

        assert mail.outbox == []
        assert not OutgoingMail.objects.exists()

    def test_is_not_sent_twice(self) -> None:
        row = self.send()
        again = running.Run(uuid.uuid4(), "mail", row.id, None, 2, 9)

        delivery.deliver(again)

        assert len(mail.outbox) == 1

    def test_has_the_same_message_id_at_each_attempt(self) -> None:
        row = self.send()

        message: Message = mail.outbox[0].message()
        assert message["Message-ID"] == f"<{row.id}@localhost>"
        assert message["Auto-Submitted"] == "auto-generated"

    def test_forgets_mails_of_last_month(self) -> None:
        old = self.send()
        OutgoingMail.objects.update(created_at=self.now - timedelta(days=31))

        self.send()

        assert not OutgoingMail.objects.filter(pk=old.pk).exists()


class HeaderInjectionTest(MailTestCase):
    def test_refuses_an_address_with_a_line_break(self) -> None:
        for address in (
            "dora@example.com\nBcc: eve@example.com",
            "dora@example.com\r\n",
            "dora@example.com, eve@example.com",
            "not an address",
            "",
        ):
            with self.assertRaises(services.BadAddress):
                self.send(to=address)
        assert not OutgoingMail.objects.exists()

    def test_makes_one_line_of_a_subject_with_a_name_in_it(self) -> None:
        name = "Post\r\nBcc: eve@example.com\n\nHello"
        with mock.patch("notifications.rendering._render", return_value=f"New: {name}"):
            self.send()

        message = mail.outbox[0].message()
        assert message["Subject"] == "New: Post Bcc: eve@example.com Hello"
        assert message["Bcc"] is None

    def test_keeps_a_name_in_the_body(self) -> None:
        self.send(inviter="Eve\nBcc: eve@example.com\n<b>x</b>")

        sent = mail.outbox[0]
        html = html_of(sent)
        assert sent.message()["Bcc"] is None
        assert "<b>x</b>" in sent.body
        assert "&lt;b&gt;x&lt;/b&gt;" in html


class ServerAwayTest(MailTestCase):
    def send_while(self, error: Exception) -> OutgoingMail:
        with mock.patch(SMTP, side_effect=error):
            return self.send()

    def test_postpones(self) -> None:
        for error in (
            ConnectionRefusedError(),
            TimeoutError(),
            smtplib.SMTPServerDisconnected(),
            smtplib.SMTPAuthenticationError(535, b"no"),
            smtplib.SMTPRecipientsRefused({"dora@example.com": (450, b"busy")}),
        ):
            job = self.job_of(self.send_while(error))

            assert (job.state, job.failure_code) == (Job.State.WAITING, "mail_server_away")

    def test_sends_when_it_is_back(self) -> None:
        row = self.send_while(TimeoutError())
        Job.objects.update(not_before=self.now)

        tasks.run_job(str(self.job_of(row).id))

        assert len(mail.outbox) == 1
        assert self.job_of(row).state == Job.State.DONE

    def test_tries_for_about_a_day(self) -> None:
        assert timedelta(hours=22) < sum(delivery.DELAYS, timedelta()) <= timedelta(hours=24)
        assert list(delivery.DELAYS) == sorted(delivery.DELAYS)

    def test_gives_up_in_the_end_and_says_so(self) -> None:
        row = self.send_while(TimeoutError())
        Job.objects.update(not_before=self.now, attempt=delivery.ATTEMPTS - 1)
        with mock.patch(SMTP, side_effect=TimeoutError()):
            tasks.run_job(str(self.job_of(row).id))

        row.refresh_from_db()
        assert self.job_of(row).state == Job.State.FAILED
        assert (row.sealed_message, row.sealed_recipient) == ("", "")
        event = AuditEvent.objects.get(event=events.MAIL_FAILED)
        assert event.facts == {"kind": "invitation", "reason": "mail_server_away"}

    def test_does_not_retry_an_address_that_is_refused(self) -> None:
        error = smtplib.SMTPRecipientsRefused({"dora@example.com": (550, b"nobody")})
        row = self.send_while(error)

        assert self.job_of(row).state == Job.State.FAILED
        event = AuditEvent.objects.get(event=events.MAIL_FAILED)
        assert event.facts["reason"] == "address_refused"

    def test_does_not_fail_the_deed(self) -> None:
        self.send_while(ConnectionRefusedError())

        assert OutgoingMail.objects.count() == 1


class TemplatesTest(MailTestCase):
    TEMPLATES = (
        *("new_sign_in", "password_changed", "profile_changed", "secret_revealed"),
        *("account_created", "invitation_accepted"),
        *("invitation", "sign_up", "sign_up_known_address"),
    )
    CONTEXT: dict[str, Any] = {
        **INVITATION,
        "at": datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
        "email": "dora@example.com",
        "issuer": "Post & Bank",
        "address": "203.0.113.5",
        "browser": "Firefox on Linux",
    }

    def setUp(self) -> None:
        super().setUp()
        for template in self.TEMPLATES:
            with self.captureOnCommitCallbacks(execute=True):
                services.send_mail("a@example.com", template, self.CONTEXT, at=self.now)
        self.bodies = {
            template: (sent.body, html_of(sent))
            for template, sent in zip(self.TEMPLATES, mail.outbox, strict=True)
        }

    def test_name_the_site(self) -> None:
        for text, html in self.bodies.values():
            assert "localhost:8000" in text
            assert "localhost:8000" in html

    def test_say_when_and_from_where(self) -> None:
        for template in ("new_sign_in", "password_changed", "profile_changed", "secret_revealed"):
            for body in self.bodies[template]:
                assert "4 March 2026, 05:06 UTC" in body
                assert "203.0.113.5" in body
                assert "Firefox on Linux" in body

    def test_carry_a_link_only_to_make_an_account(self) -> None:
        with_link = {"invitation", "sign_up"}
        for template, (text, html) in self.bodies.items():
            assert ("://" in text) == (template in with_link), template
            assert ("<a " in html) == (template in with_link), template

    def test_load_nothing_and_run_nothing(self) -> None:
        for _, html in self.bodies.values():
            assert "<script" not in html
            assert "<img" not in html
            assert "src=" not in html

    def test_leave_no_word_out(self) -> None:
        for text, html in self.bodies.values():
            assert "{{" not in text + html
            assert "{%" not in text + html

    def test_escape_html_but_not_text(self) -> None:
        text, html = self.bodies["secret_revealed"]

        assert "Post & Bank" in text
        assert "Post &amp; Bank" in html
