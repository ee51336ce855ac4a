from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests import base
from vault import cards, services
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entries, make_entry


class ListPageTests(base.TestCase):
    def page(self, query: str = "") -> str:
        return self.sign_in_as("alice").get(f"/{query}").content.decode()

    def order(self, sorting: str) -> list[str]:
        context = self.sign_in_as("alice").get(f"/?sort={sorting}").context
        return [card.title for card in context["cards"]]

    def test_leads_a_new_user_to_the_first_code(self) -> None:
        page = self.page()

        self.assertIn("Add your first code", page)
        self.assertIn('href="/entries/add/"', page)

    def test_shows_the_code_of_this_moment_and_the_next_one(self) -> None:
        make_entry(self.alice)

        card = self.sign_in_as("alice").get("/").context["cards"][0]

        self.assertEqual((len(card.code.code), len(card.code.next_code)), (6, 6))
        self.assertIn(f"<span>{card.groups[0]}</span><span>{card.groups[1]}</span>", self.page())

    def test_says_that_codes_stand_still_without_scripts(self) -> None:
        make_entry(self.alice)

        notice = self.page().partition("<noscript>")[2].partition("</noscript>")[0]

        self.assertIn("Load the page again before you use one", notice)

    def test_is_never_stored_and_shows_no_secret(self) -> None:
        make_entry(self.alice)

        response = self.sign_in_as("alice").get("/")

        self.assertIn("no-store", response["Cache-Control"])
        self.assertNotContains(response, "GEZDGNBV")

    def test_shows_no_code_of_a_counter_before_it_is_asked_for(self) -> None:
        make_entry(self.alice, type="hotp", counter=41)

        page = self.page()

        self.assertIn("next counter 41", page)
        self.assertIn("Next code", page)
        self.assertEqual(OtpEntry.objects.get().counter, 41)

    def test_says_so_when_a_secret_cannot_be_opened(self) -> None:
        make_entry(self.alice)
        OtpEntry.objects.update(sealed_secret="k1:broken")

        with self.assertLogs("vault.codes", "ERROR"):
            self.assertIn("The secret of this code cannot be opened", self.page())

    def test_shows_nothing_of_anybody_else(self) -> None:
        make_entry(self.bob)
        services.add_category(owner=self.bob, name="Bobs things", at=NOON)

        page = self.page()

        self.assertNotIn("GitHub", page)
        self.assertNotIn("Bobs things", page)

    def test_asks_for_a_sign_in(self) -> None:
        self.assertRedirects(self.client.get("/?q=git"), "/sign-in/?next=/%3Fq%3Dgit")

    def test_hides_what_a_search_leaves_out(self) -> None:
        make_entry(self.alice, 1, issuer="Émile & Söhne")
        make_entry(self.alice, 2, issuer="GitLab", categories=("Work",))

        shown = self.sign_in_as("alice").get("/?q=work+LAB").context["cards"]

        hidden = {card.title: card.is_hidden for card in shown}
        self.assertEqual(hidden, {"Émile & Söhne": True, "GitLab": False})
        self.assertIn("No code matches", self.page("?q=nothing"))

    def test_searches_without_accents(self) -> None:
        make_entry(self.alice, issuer="Émile & Söhne")

        shown = self.sign_in_as("alice").get("/?q=emile+sohne").context["cards"]

        self.assertFalse(shown[0].is_hidden)

    def test_filters_by_category_and_favourite(self) -> None:
        make_entry(self.alice, 1, issuer="GitLab", categories=("Work",))
        make_entry(self.alice, 2, issuer="Steam", favourite=True)
        category = self.alice.categories.get()

        work = self.sign_in_as("alice").get(f"/?category={category.pk}").context["cards"]
        favourites = self.client.get("/?favourites=1").context["cards"]

        self.assertEqual([card.title for card in work], ["GitLab"])
        self.assertEqual([card.title for card in favourites], ["Steam"])

    def test_ignores_a_category_that_is_not_there(self) -> None:
        make_entry(self.alice)
        foreign = services.add_category(owner=self.bob, name="Work", at=NOON)

        for category in ("nonsense", foreign.pk):
            shown = self.sign_in_as("alice").get(f"/?category={category}").context["cards"]
            self.assertEqual(len(shown), 1)

    def test_sorts_by_name_last_use_and_own_order(self) -> None:
        make_entry(self.alice, 1, issuer="Zulip")
        make_entry(self.alice, 2, issuer="éclair")
        used = make_entry(self.alice, 3, issuer="apple")
        services.mark_used(entry=used, at=NOON)
        services.mark_used(entry=make_entry(self.alice, 4, issuer="Box"), at=NOON.replace(hour=9))

        self.assertEqual(self.order("name"), ["apple", "Box", "éclair", "Zulip"])
        self.assertEqual(self.order("used"), ["apple", "Box", "éclair", "Zulip"])
        self.assertEqual(self.order("manual"), ["Zulip", "éclair", "apple", "Box"])

    def test_remembers_sorting_and_layout(self) -> None:
        make_entry(self.alice)
        self.sign_in_as("alice").get("/?sort=used&layout=rows")

        context = self.client.get("/").context

        self.assertEqual((str(context["sorting"]), context["is_rows"]), ("used", True))

    def test_takes_the_same_queries_for_one_and_for_many(self) -> None:
        make_entries(self.alice, 1)
        self.sign_in_as("alice").get("/")

        with self.assertNumQueries(6):
            self.client.get("/")
        make_entries(self.alice, 40)
        with self.assertNumQueries(6):
            self.client.get("/")


class CodesTests(base.TestCase):
    def refresh(self) -> Any:
        return self.client.get(
            "/codes/", headers={"X-Background": "1", "Accept": "application/json"}
        )

    def test_answers_all_codes_at_once(self) -> None:
        entry = make_entry(self.alice)
        make_entry(self.alice, 1, period=60)
        make_entry(self.alice, 2, type="hotp")
        self.sign_in_as("alice")

        answer = self.refresh().json()

        self.assertEqual(len(answer["codes"]), 2)
        code, next_code, until, period = answer["codes"][str(entry.pk)]
        self.assertEqual((len(code), len(next_code), period), (6, 6, 30_000))
        self.assertTrue(0 < until - answer["now"] <= 30_000)

    def test_tells_the_time_of_the_server(self) -> None:
        self.sign_in_as("alice")

        now = self.refresh().json()["now"]

        self.assertAlmostEqual(now / 1000, timezone.now().timestamp(), delta=5)

    def test_is_never_stored(self) -> None:
        self.sign_in_as("alice")

        self.assertIn("no-store", self.refresh()["Cache-Control"])

    def test_tells_a_signed_out_page_to_go(self) -> None:
        self.assertEqual(self.refresh().status_code, 401)

    def test_holds_nothing_of_anybody_else(self) -> None:
        make_entry(self.bob)
        self.sign_in_as("alice")

        self.assertEqual(self.refresh().json()["codes"], {})

    def test_is_only_read(self) -> None:
        self.assertEqual(self.sign_in_as("alice").post("/codes/").status_code, 405)

    def test_takes_the_same_queries_for_one_and_for_many(self) -> None:
        make_entries(self.alice, 1)
        self.sign_in_as("alice")
        self.refresh()

        with self.assertNumQueries(3):
            self.refresh()
        make_entries(self.alice, 40)
        with self.assertNumQueries(3):
            self.refresh()


class CardTests(base.TestCase):
    def test_an_entry_without_names_has_one(self) -> None:
        entry = make_entry(self.alice, issuer="", name="")

        self.assertEqual(entry.title, "Unnamed account")
        self.assertTrue(entry.initials)

    def test_initials_come_from_the_first_two_words(self) -> None:
        for title, initials in {
            "Example Bank": "EB",
            "acme": "Ac",
            "(x) … Y": "Y",
            "7-zip": "7-",
        }.items():
            self.assertEqual(OtpEntry(issuer=title).initials, initials)

    def test_the_ring_is_whole_when_a_code_begins(self) -> None:
        entry = make_entry(self.alice)
        start = NOON.replace(microsecond=0)
        begun, half = (
            cards.cards_of([entry], at=start + timedelta(seconds=late))[0] for late in (0, 15)
        )

        self.assertEqual((begun.ring_offset, half.ring_offset), (0, 50))
