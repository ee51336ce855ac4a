from __future__ import annotations

from io import StringIO

from django.core.management import CommandError, call_command
from django.test import TestCase

from accounts.models import User
from vault.models import Category, OtpEntry


class DemoTests(TestCase):
    databases = {"default"}

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

    def test_a_second_time_adds_nothing_and_keeps_the_password(self) -> None:
        self.demo()
        before = User.objects.get().password, OtpEntry.objects.count()

        self.assertIn("keeps the password", self.demo())

        self.assertEqual((User.objects.get().password, OtpEntry.objects.count()), before)

    def test_refuses_a_site_with_other_users_unless_forced(self) -> None:
        User.objects.create(email="ada@example.com")

        with self.assertRaises(CommandError):
            self.demo()
        self.assertFalse(OtpEntry.objects.exists())

        self.demo(force=True)
        self.assertTrue(OtpEntry.objects.exists())
