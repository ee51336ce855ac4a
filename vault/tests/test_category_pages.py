from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tests import base
from vault import services
from vault.models import Category, OtpEntry
from vault.tests.making import NOON, make_entry


class CategoryPageTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def add(self, name: str = "Work") -> Category:
        return services.add_category(owner=self.alice, name=name, at=NOON, tint=2)

    def post(self, path: str, **form: Any) -> Any:
        return self.client.post(f"/categories/{path}", form, follow=True)

    def test_lists_categories_with_the_number_of_live_codes(self) -> None:
        make_entry(self.alice, 1, categories=("Work",))
        services.trash_entry(entry=make_entry(self.alice, 2, categories=("Work",)), at=NOON)

        self.assertContains(self.client.get("/categories/"), "1 code<")

    def test_adds_one(self) -> None:
        response = self.post("add/", name="Home", tint="4")

        self.assertContains(response, "Home is added.")
        self.assertEqual(Category.objects.get().tint, 4)

    def test_chooses_a_colour_when_none_is_chosen(self) -> None:
        self.post("add/", name="Home")

        self.assertIn(Category.objects.get().tint, range(1, 13))

    def test_refuses_with_a_sentence(self) -> None:
        self.add()
        for form, sentence in (
            ({"name": ""}, "Enter a name for the category."),
            ({"name": "x" * 61}, "at most 60 characters"),
            ({"name": "WORK"}, "You already have a category with this name."),
            ({"name": "Home", "tint": "13"}, "Choose one of the colours."),
        ):
            self.assertContains(self.post("add/", **form), sentence)

        self.assertEqual(Category.objects.count(), 1)

    def test_renames_one(self) -> None:
        category = self.add()

        self.assertContains(self.client.get(f"/categories/{category.pk}/"), 'value="Work"')
        self.post(f"{category.pk}/", name="Office", tint="7")

        category.refresh_from_db()
        self.assertEqual((category.name, category.tint), ("Office", 7))

    def test_refuses_a_taken_name_when_renaming(self) -> None:
        self.add()
        other = self.add("Home")

        response = self.post(f"{other.pk}/", name="work", tint="1")

        self.assertContains(response, "You already have a category with this name.")

    def test_moves_one(self) -> None:
        self.add("A")
        last = self.add("B")

        self.post(f"{last.pk}/move/", by="up")

        names = Category.objects.in_order().values_list("name", flat=True)
        self.assertEqual(list(names), ["B", "A"])

    def test_moves_one_beside_another(self) -> None:
        first, middle, last = (self.add(name) for name in "ABC")

        answer = self.move(last, before=str(first.pk))

        self.assertEqual(answer.json(), {"place": 1})
        self.assertEqual(self.move(first, after=str(middle.pk)).json(), {"place": 3})
        names = Category.objects.in_order().values_list("name", flat=True)
        self.assertEqual(list(names), ["C", "B", "A"])

    def test_moves_only_beside_ones_own(self) -> None:
        own = self.add("A")
        foreign = services.add_category(owner=self.bob, name="B", at=NOON)

        for other in (str(foreign.pk), "nothing"):
            self.assertEqual(self.move(own, before=other).status_code, 404)

    def move(self, category: Category, **body: str) -> Any:
        return self.client.post(
            f"/categories/{category.pk}/move/",
            json.dumps(body),
            content_type="application/json",
            headers={"accept": "application/json"},
        )

    def test_asks_before_deleting_and_keeps_the_codes(self) -> None:
        make_entry(self.alice, categories=("Work",))
        category = Category.objects.get()

        page = self.client.get(f"/categories/{category.pk}/delete/")
        self.assertContains(page, "1 code is in it. It stays in your vault.")
        self.post(f"{category.pk}/delete/")

        self.assertEqual((Category.objects.count(), OtpEntry.objects.count()), (0, 1))

    def test_a_stranger_is_told_that_nothing_is_there(self) -> None:
        category = self.add()
        self.client = self.sign_in_as("bob", Client())

        self.assertNotContains(self.client.get("/categories/"), "Work")
        for path in ("", "move/", "delete/"):
            url = f"/categories/{category.pk}/{path}"
            self.assertEqual(self.client.post(url, {"name": "x"}).status_code, 404)

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        self.assertRedirects(self.client.get("/categories/"), "/sign-in/?next=/categories/")

    def test_takes_the_same_queries_for_one_and_for_many(self) -> None:
        self.add()
        self.client.get("/categories/")

        with self.assertNumQueries(4):
            self.client.get("/categories/")
        for number in range(20):
            self.add(f"{number}")
        with self.assertNumQueries(4):
            self.client.get("/categories/")


class IconTests(base.TestCase):
    def test_is_a_picture_that_runs_nothing_and_is_kept(self) -> None:
        response = self.client.get("/icons/github.svg")

        self.assertEqual(response["Content-Type"], "image/svg+xml")
        self.assertIn("default-src 'none'", response["Content-Security-Policy"])
        self.assertNotIn("'self'", response["Content-Security-Policy"])
        self.assertEqual(response["X-Content-Type-Options"], "nosniff")
        self.assertIn("immutable", response["Cache-Control"])

    def test_there_is_none_of_another_name(self) -> None:
        self.assertEqual(self.client.get("/icons/no-such-brand.svg").status_code, 404)
