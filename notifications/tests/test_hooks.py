from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.test import Client, SimpleTestCase, override_settings
from django.utils import timezone

from audit.models import AuditEvent
from jobs import tasks
from jobs.models import Job
from notifications import hooks, kinds, outward, services
from notifications.models import NoticeEndpoint, NotificationPreference, OutgoingNotice
from tests.base import TestCase

PAGE = "/settings/notifications/"
ADDRESS = f"{PAGE}address/"
OPEN = {"WEBHOOKS": True, "WEBHOOK_NETWORKS": ["127.0.0.0/8", "::1/128"]}


class Listener(ThreadingHTTPServer):
    """A program that takes webhooks, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.location = 200, ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/topic?auth=k3"


class _Taking(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing of it belongs to the output of tests."""


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class OutwardTests(SimpleTestCase):
    def test_takes_web_addresses_only(self) -> None:
        assert outward.parse("https://ntfy.sh/x?auth=1").path == "/x?auth=1"
        for bad in (
            *("http://ntfy.sh/x", "ftp://ntfy.sh/x", "https://", "https:///x", "ntfy.sh/x"),
            *("https://user:pass@ntfy.sh/", "https://ntfy.sh/#x", "https://ntfy.sh:0/"),
            *("https://ntfy.sh:99999/", "https://ntfy.sh/a b", "https://ntfy.sh/\r\nX: y"),
            *("https://exämple.org/", "https://ntfy.sh/" + "x" * 500),
        ):
            with pytest.raises(outward.BadUrl):
                outward.parse(bad)

    def test_judges_addresses_as_public_or_not(self) -> None:
        for private in (
            *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254"),
            *(
                "0.0.0.1",
                "100.64.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "fe80::1",
                "fd00::1",
            ),
            *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        ):
            assert not outward.is_allowed(ip_address(private), []), private
        for public in ("1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"):
            assert outward.is_allowed(ip_address(public), []), public
        assert outward.is_allowed(ip_address("10.1.2.3"), [ip_network("10.1.0.0/16")])

    def test_refuses_a_name_with_one_private_address(self) -> None:
        found = [(2, 1, 6, "", (ip, 443)) for ip in ("1.1.1.1", "10.0.0.1")]
        with (
            mock.patch("socket.getaddrinfo", return_value=found),
            pytest.raises(outward.ForbiddenAddress),
        ):
            outward.resolve(outward.parse("https://two.example/"), allowed=[])

    def test_sees_through_other_spellings_of_loopback(self) -> None:
        for name in ("2130706433", "0x7f.1", "017700000001", "127.1", "[::ffff:7f00:1]"):
            with pytest.raises((outward.ForbiddenAddress, outward.Unreachable)):
                outward.resolve(outward.parse(f"https://{name}/"), allowed=[])

    def test_connects_to_the_address_that_was_judged(self) -> None:
        """A name that leads elsewhere the second time gains nothing."""
        with listening() as listener:
            real, asked = socket.getaddrinfo, []

            def answer(host: str, *rest: Any, **more: Any) -> Any:
                if host != "rebinding.example":
                    return real(host, *rest, **more)
                asked.append(host)
                return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *rest, **more)

            url = f"http://rebinding.example:{listener.server_port}/x"
            with mock.patch("socket.getaddrinfo", answer):
                networks = ["127.0.0.1/32"]
                status = outward.post(url, b"x", {}, allowed=networks, allows_http=True)

        assert (status, len(listener.taken), len(asked)) == (200, 1, 1)
        assert listener.taken[0][1]["Host"] == f"rebinding.example:{listener.server_port}"


@override_settings(**OPEN)
class DeliveryTests(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = timezone.now()

    def tell(self, listener: Listener, way: str = "webhook") -> OutgoingNotice:
        hooks.keep(self.alice, way=way, url=listener.url, at=self.now)
        with self.captureOnCommitCallbacks(execute=True):
            services.notify(self.alice, "secret_revealed", params={"issuer": "GitHub"}, at=self.now)
        return OutgoingNotice.objects.get(user=self.alice.pk)

    def test_posts_that_something_happened_and_no_word_of_it(self) -> None:
        with listening() as listener:
            row = self.tell(listener)

        path, headers, body = listener.taken[0]
        content = json.loads(body)
        assert path == "/topic?auth=k3"
        assert headers["Idempotency-Key"] == str(row.pk) == content["id"]
        assert (content["kind"], content["title"]) == ("secret_revealed", "Secret shown")
        assert set(content) == {"id", "kind", "title", "text", "site", "link", "at"}
        assert not any(word in body for word in (b"GitHub", b"alice", b"127.0.0.1"))
        assert row.sent_at is not None
        assert NoticeEndpoint.objects.get().delivered_at is not None

    def test_speaks_the_way_of_ntfy(self) -> None:
        with listening() as listener:
            self.tell(listener, way="ntfy")

        _path, headers, body = listener.taken[0]
        assert (headers["Title"], headers["Priority"]) == ("AuthNode", "high")
        assert headers["Click"].endswith("/notifications/")
        assert body.startswith(b"Secret shown.")

    def test_tries_again_until_it_is_taken(self) -> None:
        with listening() as listener:
            listener.status = 503
            row = self.tell(listener)
            job = Job.objects.get(kind="notice")
            assert (job.state, row.sent_at) == ("waiting", None)
            assert job.not_before > self.now

            listener.status = 200
            Job.objects.update(not_before=self.now)
            tasks.run_job(str(job.pk))

        keys = [headers["Idempotency-Key"] for _path, headers, _body in listener.taken]
        assert keys == [str(row.pk)] * 2
        assert OutgoingNotice.objects.get().sent_at is not None

    def test_gives_up_where_it_is_refused(self) -> None:
        with listening() as listener:
            listener.status = 404
            self.tell(listener)

        assert Job.objects.get(kind="notice").state == "failed"
        assert OutgoingNotice.objects.get().failed_at is not None
        assert "404" in NoticeEndpoint.objects.get().failure
        assert AuditEvent.objects.get(event="notifications.notice_failed").user == self.alice.pk

    def test_follows_no_redirect(self) -> None:
        with listening() as other, listening() as listener:
            listener.status, listener.location = 302, other.url
            self.tell(listener)

            assert (len(listener.taken), other.taken) == (1, [])

    def test_judges_the_address_again_when_it_delivers(self) -> None:
        with listening() as listener:
            hooks.keep(self.alice, way="webhook", url=listener.url, at=self.now)
            closed = override_settings(WEBHOOK_NETWORKS=["10.0.0.0/8"])
            with closed, self.captureOnCommitCallbacks(execute=True):
                services.notify(self.alice, "secret_revealed", at=self.now)

            assert listener.taken == []
        assert Job.objects.get(kind="notice").failure_code == hooks.REFUSED

    def test_sends_nothing_once_the_address_is_gone(self) -> None:
        with listening() as listener:
            hooks.keep(self.alice, way="webhook", url=listener.url, at=self.now)
            with self.captureOnCommitCallbacks(execute=True):
                services.notify(self.alice, "secret_revealed", at=self.now)
                hooks.remove(self.alice, at=self.now)

            assert listener.taken == []

    def test_asks_what_somebody_wants_to_hear_of(self) -> None:
        NotificationPreference.objects.create(
            user=self.alice, kind="secret_revealed", in_app=True, mail=True, hook=False
        )
        with listening() as listener:
            hooks.keep(self.alice, way="webhook", url=listener.url, at=self.now)
            with self.captureOnCommitCallbacks(execute=True):
                services.notify(self.alice, "secret_revealed", at=self.now)

            assert listener.taken == []

    @override_settings(WEBHOOKS=False)
    def test_is_closed_unless_the_operator_opens_it(self) -> None:
        with listening() as listener:
            hooks.keep(self.alice, way="webhook", url=listener.url, at=self.now)
            with self.captureOnCommitCallbacks(execute=True):
                services.notify(self.alice, "secret_revealed", at=self.now)

            assert listener.taken == []


class AlarmTests(TestCase):
    def test_tells_the_operators_address_once(self) -> None:
        now = timezone.now()
        with (
            listening() as listener,
            override_settings(ALARM_URL=listener.url, ALARM_FORMAT="ntfy"),
            self.captureOnCommitCallbacks(execute=True),
        ):
            for at in (now - timedelta(days=1), now):
                for operator in (self.charlie, self.bob):
                    services.notify(operator, "backup_failed", params={"reason": "x"}, at=at)
            services.notify(self.bob, "secret_revealed", at=now)

        assert [body[:14] for _path, _headers, body in listener.taken] == [b"Backup failed."] * 2

    def test_says_nothing_without_an_address(self) -> None:
        services.notify(self.charlie, "backup_failed", at=timezone.now())

        assert not OutgoingNotice.objects.exists()

    def test_knows_the_alarms(self) -> None:
        alarms = {kind.name for kind in kinds.ALL.values() if kind.is_alarm}
        assert alarms == {
            *("backup_failed", "backup_copy_failed", "backup_overdue"),
            *("sign_in_to_review", "geo_not_evaluated"),
        }


@override_settings(**OPEN)
class EndpointPageTests(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def post(self, url: str, way: str = "webhook") -> Any:
        return self.client.post(ADDRESS, {"way": way, "url": url}, follow=True)

    def test_keeps_an_address_sealed_and_tells_its_owner(self) -> None:
        with listening() as listener, self.captureOnCommitCallbacks(execute=True):
            page = self.post(listener.url)

        row = NoticeEndpoint.objects.get(user=self.alice)
        self.assertContains(page, "127.0.0.1")
        self.assertNotContains(page, "auth=k3")
        assert row.sealed_url.startswith("k1:")
        assert any("new address" in sent.subject for sent in mail.outbox)
        event = AuditEvent.objects.get(event="notifications.endpoint_set")
        assert "k3" not in str(event.details)

    def test_sends_a_test(self) -> None:
        with listening() as listener:
            hooks.keep(self.alice, way="webhook", url=listener.url, at=timezone.now())
            with self.captureOnCommitCallbacks(execute=True):
                self.client.post(f"{ADDRESS}test/")

        assert json.loads(listener.taken[0][2])["title"] == "This is a test"
        self.assertContains(self.client.get(PAGE), "last reached on")

    def test_offers_a_third_box_to_who_has_an_address(self) -> None:
        self.assertNotContains(self.client.get(PAGE), "By web address")
        hooks.keep(self.alice, way="ntfy", url="https://127.0.0.1/x", at=timezone.now())
        self.assertContains(self.client.get(PAGE), "By web address")

        self.client.post(PAGE, {"secret_replaced-in_app": "on"})

        row = NotificationPreference.objects.get(user=self.alice, kind="secret_replaced")
        assert (row.in_app, row.mail, row.hook) == (True, True, False)

    def test_keeps_what_was_chosen_for_a_channel_that_is_not_shown(self) -> None:
        self.client.post(PAGE, {})

        assert NotificationPreference.objects.filter(user=self.alice, hook=False).count() == 0

    @override_settings(WEBHOOK_NETWORKS=[])
    def test_refuses_ways_into_the_house(self) -> None:
        for url, words in (
            ("https://127.0.0.1/", "private network"),
            ("https://localhost/", "private network"),
            ("https://169.254.169.254/latest/meta-data/", "private network"),
            ("http://1.1.1.1/", "begins with https://"),
            ("", "Enter the address"),
        ):
            response = self.post(url)
            self.assertContains(response, words, status_code=422)
        assert not NoticeEndpoint.objects.exists()

    def test_counts_the_tries(self) -> None:
        for _ in range(10):
            assert self.post("https://127.0.0.1/x").status_code == 200

        assert self.post("https://127.0.0.1/x").status_code == 429

    def test_can_be_removed(self) -> None:
        hooks.keep(self.alice, way="ntfy", url="https://127.0.0.1/x", at=timezone.now())

        self.client.post(f"{ADDRESS}remove/")

        assert not NoticeEndpoint.objects.exists()
        assert AuditEvent.objects.filter(event="notifications.endpoint_removed").exists()

    def test_touches_nobody_elses(self) -> None:
        hooks.keep(self.bob, way="ntfy", url="https://127.0.0.1/x", at=timezone.now())

        self.client.post(f"{ADDRESS}remove/")
        self.client.post(f"{ADDRESS}test/")

        assert NoticeEndpoint.objects.filter(user=self.bob).exists()
        assert not OutgoingNotice.objects.exists()

    def test_is_for_signed_in_people_and_only_where_it_is_open(self) -> None:
        assert Client().post(ADDRESS).status_code == 302
        with override_settings(WEBHOOKS=False):
            assert self.post("https://127.0.0.1/x").status_code == 404
            self.assertNotContains(self.client.get(PAGE), "web address")
