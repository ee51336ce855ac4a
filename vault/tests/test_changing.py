from __future__ import annotations

from dataclasses import replace
from typing import Any

from audit.models import AuditEvent
from tests import base
from vault import services
from vault.formats.refusals import FormatRefusal
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entry

LATER = NOON.replace(hour=13)
SAME = services.EntryChange(
    issuer="GitHub", account_name="ada", type="totp", algorithm="SHA1", digits=6, period=30
)


class ChangeEntryTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)

    def change(self, **changes: Any) -> list[str]:
        change = replace(SAME, **changes)
        return services.change_entry(entry=self.entry, change=change, at=LATER)

    def test_changes_names_and_takes_the_icon_along(self) -> None:
        changed = self.change(issuer="GitLab", account_name="grace")

        self.entry.refresh_from_db()
        self.assertEqual(changed, ["account_name", "issuer"])
        self.assertEqual((self.entry.title, self.entry.icon), ("GitLab", "gitlab"))
        self.assertEqual(self.entry.updated_at, LATER)

    def test_leaves_an_entry_alone_that_stays_the_same(self) -> None:
        self.assertEqual(self.change(), [])

        self.entry.refresh_from_db()
        self.assertEqual(self.entry.updated_at, NOON)
        self.assertFalse(AuditEvent.objects.filter(event="vault.entry_changed").exists())

    def test_records_which_fields_changed(self) -> None:
        self.change(digits=8)

        event = AuditEvent.objects.get(event="vault.entry_changed")
        self.assertEqual(event.facts["changed"], "digits")

    def test_keeps_the_secret(self) -> None:
        before = self.entry.sealed_secret

        self.change(issuer="GitLab")

        self.assertEqual(OtpEntry.objects.get().sealed_secret, before)

    def test_sets_categories_of_the_same_owner_only(self) -> None:
        mine = services.add_category(owner=self.alice, name="Work", at=NOON)
        foreign = services.add_category(owner=self.bob, name="Work", at=NOON)

        self.assertEqual(self.change(categories=[mine, foreign]), ["categories"])

        self.assertEqual(list(self.entry.categories.all()), [mine])

    def test_leaves_the_counter_alone_unless_told(self) -> None:
        OtpEntry.objects.update(type="hotp", counter=9)

        self.change(type="hotp", issuer="GitLab")

        self.assertEqual(OtpEntry.objects.get().counter, 9)

    def test_sets_the_counter_when_told(self) -> None:
        self.change(type="hotp", counter=41)

        self.assertEqual(OtpEntry.objects.get().counter, 41)

    def test_steam_has_five_letters_and_sha1(self) -> None:
        self.change(type="steam", digits=8, algorithm="SHA512")

        entry = OtpEntry.objects.get()
        self.assertEqual((entry.digits, entry.algorithm), (5, "SHA1"))

    def test_refuses_what_no_code_can_be_made_with(self) -> None:
        wrongs: dict[str, dict[str, Any]] = {
            "digits": {"digits": 11},
            "period": {"period": 0},
            "algorithm": {"algorithm": "MD5"},
            "type": {"type": "motp"},
            "counter": {"counter": -1},
        }
        for reason, wrong in wrongs.items():
            with self.assertRaises(FormatRefusal) as caught:
                self.change(**wrong)
            self.assertEqual(caught.exception.reason, reason)

    def test_refuses_an_entry_in_the_trash(self) -> None:
        services.trash_entry(entry=self.entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            self.change(issuer="GitLab")


class FavouriteTests(base.TestCase):
    def test_marks_and_unmarks(self) -> None:
        entry = make_entry(self.alice)

        services.set_favourite(entry=entry, is_favourite=True, at=LATER)
        self.assertTrue(OtpEntry.objects.get().is_favourite)
        services.set_favourite(entry=entry, is_favourite=False, at=LATER)
        self.assertFalse(OtpEntry.objects.get().is_favourite)

        self.assertEqual(AuditEvent.objects.filter(event="vault.entry_changed").count(), 2)

    def test_records_nothing_when_nothing_changes(self) -> None:
        services.set_favourite(entry=make_entry(self.alice), is_favourite=False, at=LATER)

        self.assertFalse(AuditEvent.objects.filter(event="vault.entry_changed").exists())


class OrderTests(base.TestCase):
    def order(self) -> list[str]:
        rows = OtpEntry.objects.for_owner(self.alice).live().in_order()
        return [row.account_name for row in rows]

    def test_moves_up_and_down_and_stops_at_the_ends(self) -> None:
        first, _second, third = (make_entry(self.alice, n, name=f"{n}") for n in (1, 2, 3))

        services.move_entry(entry=third, by=-1)
        self.assertEqual(self.order(), ["1", "3", "2"])
        services.move_entry(entry=first, by=-1)
        self.assertEqual(self.order(), ["1", "3", "2"])
        services.move_entry(entry=first, by=1)
        self.assertEqual(self.order(), ["3", "1", "2"])

    def test_leaves_others_alone(self) -> None:
        entry = make_entry(self.bob)
        make_entry(self.alice, 1)

        services.move_entry(entry=entry, by=1)

        self.assertEqual(OtpEntry.objects.get(pk=entry.pk).position, 0)

    def test_refuses_an_entry_that_is_gone(self) -> None:
        entry = make_entry(self.alice)
        services.trash_entry(entry=entry, at=NOON)

        with self.assertRaises(services.EntryGone):
            services.move_entry(entry=entry, by=1)
