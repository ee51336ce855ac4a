from __future__ import annotations

from django.test import Client
from django.utils import timezone

from accounts.models import AddressChange, User
from accounts.reset.tests.links import DAY, form, issue, open_link, pass_time
from accounts.totp.tests.test_totp import code, enrol
from core import sealing
from keyslots.models import KeySlot
from tests import base
from vault.models import OtpEntry


class RestingTests(base.TestCase):
    """The day after a reset that no second factor has guarded."""

    CLOSED = (
        "/settings/security/apps/add/",
        "/settings/security/passkeys/add/",
        "/settings/security/keys/recovery/",
        "/settings/security/keys/replace/",
        "/settings/delete/",
    )

    def setUp(self) -> None:
        super().setUp()
        token = issue(self.alice)
        pass_time(self.alice, DAY)
        open_link(self.client, token)
        self.client.post("/reset/password/", form(self.alice))
        base.sign_in(self.client, "alice", auth_secret=base.posted_secret("new"))

    def is_closed(self, path: str, client: Client | None = None) -> bool:
        response = (client or self.client).get(path)
        return response.headers.get("Location") == "/settings/security/enrol/"

    def test_sees_codes_and_is_told_why_nothing_else(self) -> None:
        self.assertContains(self.client.get("/"), "shows codes only")
        for path in self.CLOSED:
            assert self.is_closed(path), path
        self.assertContains(self.client.get("/settings/security/enrol/"), "Not yet")

    def test_reveals_no_secret(self) -> None:
        now = timezone.now()
        entry = OtpEntry(owner=self.alice, issuer="GitHub", created_at=now, updated_at=now)
        sealing.seal_field(entry, "sealed_secret", b"s" * 20)
        entry.save()
        assert self.is_closed(f"/entries/{entry.pk}/secret/")

    def test_changes_no_address(self) -> None:
        posted = {"email": "thief@example.com", "display_name": "Alice"}
        response = self.client.post("/settings/", posted)

        assert response.headers["Location"] == "/settings/security/enrol/"
        assert not AddressChange.objects.exists()

    def test_may_open_older_notes_with_the_earlier_password(self) -> None:
        former = KeySlot.objects.get(user=self.alice, kind="former-password")
        assert self.client.get("/settings/security/keys/").status_code == 200
        page = self.client.get(f"/settings/security/keys/{former.pk}/open/")
        assert page.status_code == 200

    def test_holds_for_every_session_of_the_day(self) -> None:
        other = Client()
        base.sign_in(other, "alice", auth_secret=base.posted_secret("new"))
        assert self.is_closed(self.CLOSED[0], other)

    def test_ends_after_a_day(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(restricted_until=timezone.now())
        assert self.client.get(self.CLOSED[0]).status_code == 200
        self.assertNotContains(self.client.get("/"), "shows codes only")

    def test_does_not_concern_a_reset_with_a_factor(self) -> None:
        enrol(self.bob)
        client = Client()
        open_link(client, issue(self.bob))
        client.post("/reset/code/", {"code": code(timezone.now())})
        client.post("/reset/password/", form(self.bob))
        assert User.objects.get(pk=self.bob.pk).restricted_until is None
