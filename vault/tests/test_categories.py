from __future__ import annotations

from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from tests import base
from vault import services
from vault.models import Category
from vault.tests.making import NOON, account, make_entry


class CategoryTests(base.TestCase):
    def add(self, name: str, **options: int) -> Category:
        return services.add_category(owner=self.alice, name=name, at=NOON, **options)

    def names(self) -> list[str]:
        return [row.name for row in Category.objects.for_owner(self.alice).in_order()]

    def test_adds_at_the_end_with_a_tint(self) -> None:
        self.add("Work", tint=3)
        self.add("  Home   and\tfamily ")

        self.assertEqual(self.names(), ["Work", "Home and family"])
        self.assertEqual(Category.objects.get(name="Work").tint, 3)

    def test_refuses_a_name_that_is_empty_long_or_taken(self) -> None:
        self.add("Ämter")

        for name, refusal in {
            " \n": services.CategoryNameMissing,
            "x" * 61: services.CategoryNameTooLong,
            "äMTER": services.CategoryNameTaken,
        }.items():
            with self.assertRaises(refusal):
                self.add(name)

        self.assertEqual(self.names(), ["Ämter"])

    def test_the_database_refuses_a_name_twice(self) -> None:
        self.add("Work")

        with self.assertRaises(IntegrityError), transaction.atomic():
            Category.objects.create(owner=self.alice, name="WORK", created_at=NOON)

    def test_two_users_may_use_the_same_name(self) -> None:
        self.add("Work")

        services.add_category(owner=self.bob, name="Work", at=NOON)

        self.assertEqual(Category.objects.count(), 2)

    def test_refuses_a_tint_that_is_not_there(self) -> None:
        with self.assertRaises(services.UnknownTint):
            self.add("Work", tint=13)

    def test_changes_name_and_tint(self) -> None:
        category = self.add("Work")

        services.change_category(category=category, name="work", tint=5, at=NOON)

        category.refresh_from_db()
        self.assertEqual((category.name, category.tint), ("work", 5))
        self.assertEqual(AuditEvent.objects.filter(event="vault.category_changed").count(), 1)

    def test_records_nothing_when_nothing_changes(self) -> None:
        category = self.add("Work", tint=1)

        services.change_category(category=category, name="Work", tint=1, at=NOON)

        self.assertFalse(AuditEvent.objects.filter(event="vault.category_changed").exists())

    def test_refuses_to_take_the_name_of_another(self) -> None:
        self.add("Work")

        with self.assertRaises(services.CategoryNameTaken):
            services.change_category(category=self.add("Home"), name="WORK", tint=1, at=NOON)

    def test_moves_up_and_down(self) -> None:
        first = self.add("A")
        self.add("B")
        last = self.add("C")

        services.move_category(category=last, by=-1)
        self.assertEqual(self.names(), ["A", "C", "B"])
        services.move_category(category=first, by=-1)
        services.move_category(category=first, by=1)
        self.assertEqual(self.names(), ["C", "A", "B"])

    def test_entries_stay_when_a_category_goes(self) -> None:
        entry = services.add_anyway(
            owner=self.alice, account=account(categories=("Work",)), at=NOON
        )

        services.delete_category(category=Category.objects.get(), at=NOON)

        self.assertEqual(list(entry.categories.all()), [])
        self.assertTrue(AuditEvent.objects.filter(event="vault.category_removed").exists())

    def test_refuses_a_category_that_is_gone(self) -> None:
        category = self.add("Work")
        Category.objects.filter(pk=category.pk).delete()

        for deed in (
            lambda: services.delete_category(category=category, at=NOON),
            lambda: services.move_category(category=category, by=1),
            lambda: services.change_category(category=category, name="New", tint=1, at=NOON),
        ):
            with self.assertRaises(services.CategoryGone):
                deed()

    def test_a_long_name_from_a_file_is_cut(self) -> None:
        entry = make_entry(self.alice, categories=("y" * 80, "y" * 90))

        self.assertEqual([row.name for row in entry.categories.all()], ["y" * 60])
