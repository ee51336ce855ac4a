"""The operators' pages."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.core.cache import cache
from django.test import Client, TestCase, override_settings
from django.utils import timezone

from accounts import confirmation
from audit.models import AuditEvent
from backups import pipeline, retention, schedule, services
from backups.models import Backup, RestoreRun
from backups.tests import tools
from tests import base
from vault.models import OtpEntry

LIST = "/admin/backups/backup/"


class PagesTests(tools.BackupsTestCase):
    """With real backups, whose files are there."""

    def setUp(self) -> None:
        super().setUp()
        self.entry = tools.add_entry(self.alice)
        self.backup = tools.make_backup()
        self.page = f"{LIST}{self.backup.pk}/"
        base.sign_in(self.client, "charlie")
        base.show_factor(self.client)

    def grow_old(self, minutes: int) -> None:
        session = self.client.session
        session[confirmation.PROVEN_AT] = timezone.now().timestamp() - 60 * minutes
        session.save()

    def test_lists_what_there_is_in_a_fixed_number_of_queries(self) -> None:
        page = self.client.get(LIST).content.decode()

        assert self.backup.name in page
        assert "backup-state-verified" in page
        assert "<svg" in page
        with self.assertNumQueries(17):
            self.client.get(LIST)
        tools.make_backup()
        with self.assertNumQueries(17):
            self.client.get(LIST)

    def test_says_in_red_that_backups_are_overdue(self) -> None:
        late = timezone.now() - timedelta(days=3)
        Backup.objects.update(verified_at=late)
        type(self.alice).objects.update(created_at=late)

        page = self.client.get(LIST).content.decode()

        assert "Overdue" in page
        assert 'class="backup-late"' in page

    def test_shows_counts_and_checksums(self) -> None:
        page = self.client.get(f"{self.page}change/").content.decode()

        assert self.backup.sha256 in page
        assert "vault_otpentry" in page
        assert "secret of" not in page

    def test_makes_one_with_a_note(self) -> None:
        response = self.client.post(f"{LIST}create/", {"note": "Before the move"})

        made = Backup.objects.get(note="Before the move")
        assert response["Location"] == f"{LIST}{made.pk}/change/"
        assert (made.requested_by_id, made.kind) == (self.charlie.pk, "manual")

    def test_says_that_one_is_under_way(self) -> None:
        with mock.patch.object(services, "is_busy", return_value=True):
            page = self.client.post(f"{LIST}create/", {"note": ""}, follow=True)

        assert "under way" in page.content.decode()

    def test_every_deed_asks_to_confirm_after_a_while(self) -> None:
        self.grow_old(11)

        for deed in ("verify/", "download/", "remove/"):
            response = self.client.post(f"{self.page}{deed}")
            assert response.status_code == 302, deed
            assert "/confirm" in response["Location"], deed

    def test_downloads_the_sealed_file_and_records_it(self) -> None:
        response = self.client.post(f"{self.page}download/")

        raw = b"".join(response.streaming_content)  # type: ignore[attr-defined]
        assert raw == pipeline.local_file(self.backup).read_bytes()
        assert AuditEvent.objects.filter(event="backup.downloaded").count() == 1
        response.close()

    def test_verifies_once_more(self) -> None:
        before = self.backup.verified_at

        self.client.post(f"{self.page}verify/")

        self.backup.refresh_from_db()
        assert self.backup.verified_at and before and self.backup.verified_at > before

    def test_deletes_one_but_not_the_newest(self) -> None:
        self.client.post(f"{self.page}remove/")
        assert Backup.objects.filter(pk=self.backup.pk).exists()

        tools.make_backup()
        assert b"no way back" in self.client.get(f"{self.page}remove/").content
        self.client.post(f"{self.page}remove/")

        assert not Backup.objects.filter(pk=self.backup.pk).exists()
        assert not pipeline.local_file(self.backup).exists()
        assert AuditEvent.objects.filter(event="backup.deleted").count() == 1

    def test_reports_how_far_it_is(self) -> None:
        answer = self.client.get(f"{self.page}progress/", headers={"X-Background": "1"}).json()

        assert answer == {"state": "verified", "percent": 100, "has_ended": True}

    # The restore

    def ask(self, **wish: str) -> str:
        response = self.client.post(f"{self.page}restore/", {"mode": "missing", **wish})
        assert response.status_code == 302, response.content.decode()
        return str(response["Location"])

    def test_shows_a_dry_run_and_restores_after_the_name(self) -> None:
        self.entry.delete()
        run_page = self.ask()
        page = self.client.get(run_page).content.decode()
        assert "vault.OtpEntry" in page
        assert OtpEntry.objects.count() == 0

        wrong = self.client.post(run_page, {"name": "something"})
        assert (wrong.status_code, OtpEntry.objects.count()) == (422, 0)

        self.client.post(run_page, {"name": self.backup.name})
        assert OtpEntry.objects.count() == 1
        assert RestoreRun.objects.get().state == "done"

    def test_restores_one_users_vault(self) -> None:
        other = tools.add_entry(self.bob)
        self.entry.delete()
        run_page = self.ask(mode="user", address="alice@example.com")

        self.client.post(run_page, {"name": self.backup.name})

        assert OtpEntry.objects.filter(owner=self.alice).count() == 1
        assert OtpEntry.objects.filter(pk=other.pk).exists()
        # The operator was not concerned, and stays signed in.
        assert self.client.get(run_page).status_code == 200

    def test_asks_for_a_fresh_proof_before_it_restores(self) -> None:
        run_page = self.ask()
        self.grow_old(6)

        response = self.client.post(run_page, {"name": self.backup.name})

        assert "/confirm" in response["Location"]
        assert RestoreRun.objects.get().state == "reported"

    def test_refuses_an_unknown_address_and_a_malformed_row(self) -> None:
        for wish in (
            {"mode": "user", "address": "nobody@example.com"},
            {"mode": "user"},
            {"mode": "missing", "brought_back": "not a row"},
            {"mode": "everything"},
        ):
            response = self.client.post(f"{self.page}restore/", wish)
            assert response.status_code == 422, wish
        assert not RestoreRun.objects.exists()

    def test_a_restore_of_everything_ends_the_operators_session_too(self) -> None:
        run_page = self.ask(mode="replace")

        self.client.post(run_page, {"name": self.backup.name})

        assert self.client.get(run_page)["Location"].startswith("/sign-in/")

    def test_says_what_was_held_back(self) -> None:
        tools.add_category(self.alice, "Work")
        self.backup = tools.make_backup()
        self.page = f"{LIST}{self.backup.pk}/"
        self.alice.categories.all().delete()
        tools.add_category(self.alice, "Work")

        page = self.client.get(self.ask()).content.decode()

        assert "something else has its place" in page


class PlanTests(base.TestCase):
    values = {
        "daily_on": "on", "daily_at": "01:30", "weekly_on": "on", "weekly_day": "6",
        "weekly_at": "02:40", "keep_all_days": "7", "keep_weeks": "4", "keep_months": "6",
    }  # fmt: skip

    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("charlie")

    def test_saves_schedule_and_tiers(self) -> None:
        self.client.post(f"{LIST}plan/", self.values)

        assert f"{schedule.get('daily').at:%H:%M}" == "01:30"
        assert (schedule.get("weekly").is_on, schedule.get("weekly").weekday) == (True, "6")
        plan = retention.plan()
        assert (plan.keep_all_days, plan.keep_weeks, plan.keep_months) == (7, 4, 6)
        assert AuditEvent.objects.filter(event="backup.plan_changed").count() == 1

    def test_shows_what_would_go_without_saving(self) -> None:
        now = timezone.now()
        for days in (1, 20):
            at = now - timedelta(days=days)
            Backup.objects.create(
                name=str(days), kind="daily", state="verified", started_at=at, verified_at=at
            )
        preview = {**self.values, "keep_weeks": "0", "keep_months": "0", "preview": "1"}

        page = self.client.post(f"{LIST}plan/", preview).content.decode()

        assert "1 backup would go." in page
        assert retention.plan().keep_all_days == 30
        assert Backup.objects.count() == 2

    def test_refuses_to_keep_nothing(self) -> None:
        response = self.client.post(f"{LIST}plan/", {**self.values, "keep_all_days": "0"})

        assert response.status_code == 422

    def test_is_closed_to_everybody_else(self) -> None:
        for name in ("alice", None):
            client = Client()
            if name:
                base.sign_in(client, name)
            for path in ("", "create/", "plan/"):
                assert client.get(f"{LIST}{path}").status_code == 302, (name, path)


class HealthTests(TestCase):
    databases = base.DATABASES

    def setUp(self) -> None:
        cache.clear()

    def test_shows_late_backups_without_going_out_of_service(self) -> None:
        with mock.patch("backups.alarms.is_overdue", return_value=True):
            answer = self.client.get("/health/ready").json()

        assert answer["backups"] == "late"

    @override_settings(METRICS_TOKEN="t" * 20)
    def test_tells_numbers_to_who_has_the_token(self) -> None:
        Backup.objects.create(name="a", kind="daily", state="failed", started_at=timezone.now())

        page = self.client.get("/metrics", headers={"Authorization": "Bearer " + "t" * 20})

        assert "authnode_backups_failed 1.0" in page.content.decode()
        assert "authnode_backup_overdue 0.0" in page.content.decode()
