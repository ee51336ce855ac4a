from __future__ import annotations

import tempfile
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from accounts.models import User
from anomalies.models import LoginAttempt, ReviewCase
from notifications.models import Notification, OutgoingMail
from vault.models import Category, OtpEntry


class DemoTests(TestCase):
    databases = {"default"}

    def setUp(self) -> None:
        self.var = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(override_settings(VAR=self.var))

    def demo(self, **options: object) -> str:
        told = StringIO()
        call_command("demo", stdout=told, **options)
        return told.getvalue()

    def test_fills_a_new_user_and_says_how_to_sign_in(self) -> None:
        told = self.demo()

        user = User.objects.get(email="demo@example.com")
        password = told.splitlines()[0].rpartition(" ")[2]
        self.assertTrue(user.check_password(password))
        self.assertGreater(OtpEntry.objects.for_owner(user).count(), 30)
        self.assertEqual(Category.objects.for_owner(user).count(), 6)

    def test_shows_a_month_of_sign_ins_with_places_and_reasons(self) -> None:
        self.demo()

        rows = LoginAttempt.objects.order_by("at")
        self.assertGreater(rows.count(), 20)
        self.assertFalse(rows.filter(country="").exists())
        theft, holiday = rows.filter(level="high"), rows.filter(level="medium")
        self.assertEqual([row.place for row in theft], ["Singapore, Singapore"])
        self.assertIn("impossible_travel", [f["rule"] for f in theft[0].findings])
        self.assertEqual({row.place for row in holiday}, {"Madrid, Spain"})
        self.assertEqual(ReviewCase.objects.count(), 1 + holiday.count())
        self.assertEqual(Notification.objects.count(), 1 + holiday.count())
        self.assertFalse(OutgoingMail.objects.exists())

    def test_a_second_time_adds_nothing_and_keeps_the_password(self) -> None:
        def state() -> object:
            user = User.objects.get()
            return user.password, OtpEntry.objects.count(), LoginAttempt.objects.count()

        self.demo()
        before = state()

        self.assertIn("keeps the password", self.demo())

        self.assertEqual(state(), before)

    def test_leaves_a_geo_database_that_is_there(self) -> None:
        (self.var / "geoip").mkdir()
        (self.var / "geoip" / "city.mmdb").write_bytes(b"the operator's")

        self.assertIn("left alone", self.demo())

        self.assertFalse(LoginAttempt.objects.exists())

    def test_refuses_a_site_with_other_users_unless_forced(self) -> None:
        User.objects.create(email="ada@example.com")

        with self.assertRaises(CommandError):
            self.demo()
        self.assertFalse(OtpEntry.objects.exists())

        self.demo(force=True)
        self.assertTrue(OtpEntry.objects.exists())
