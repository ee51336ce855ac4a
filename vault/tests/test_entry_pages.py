from __future__ import annotations

from typing import Any

from django.test import Client

from audit.models import AuditEvent
from tests import base
from vault import services
from vault.models import OtpEntry
from vault.tests.making import BASE32, NOON, make_entries, make_entry

FORM = {
    "issuer": "GitLab",
    "account_name": "grace",
    "website": "",
    "type": "totp",
    "algorithm": "SHA1",
    "digits": "6",
    "period": "30",
    "counter": "0",
    "initial-counter": "0",
}
JSON = {"Accept": "application/json"}


class EntryPageCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.entry = make_entry(self.alice)

    def url(self, deed: str = "") -> str:
        return f"/entries/{self.entry.pk}/{deed}"

    def post(self, deed: str = "", **form: Any) -> Any:
        return self.client.post(self.url(deed), form, follow=True)


class AccessTests(EntryPageCase):
    PAGES = ("", "secret/")
    DEEDS = ("", "favourite/", "move/", "trash/", "used/", "next-code/", "secret/reveal/")

    def statuses(self) -> set[int]:
        answers = [self.client.get(self.url(page)).status_code for page in self.PAGES]
        return {*answers, *(self.client.post(self.url(deed)).status_code for deed in self.DEEDS)}

    def test_a_stranger_is_told_that_nothing_is_there(self) -> None:
        self.client = self.sign_in_as("bob", Client())

        self.assertEqual(self.statuses(), {404})

    def test_what_a_stranger_tried_is_recorded(self) -> None:
        self.sign_in_as("bob", Client()).get(self.url())

        event = AuditEvent.objects.get(event="access.foreign_object")
        self.assertEqual((event.user, event.facts["kind"]), (self.bob.id, "otp entry"))

    def test_an_absent_entry_looks_the_same(self) -> None:
        self.client = self.sign_in_as("bob", Client())
        there = self.client.get(self.url())
        OtpEntry.objects.all().delete()
        absent = self.client.get(self.url())

        self.assertEqual((there.status_code, absent.status_code), (404, 404))

    def test_an_entry_in_the_trash_has_no_pages(self) -> None:
        services.trash_entry(entry=self.entry, at=NOON)

        self.assertEqual(self.statuses(), {404})

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        self.assertEqual(self.statuses(), {302})

    def test_deeds_are_posted(self) -> None:
        for deed in self.DEEDS[1:]:
            self.assertEqual(self.client.get(self.url(deed)).status_code, 405)


class EditTests(EntryPageCase):
    def test_shows_what_is_kept_but_not_the_secret(self) -> None:
        response = self.client.get(self.url())

        self.assertContains(response, 'value="GitHub"')
        self.assertNotContains(response, BASE32)

    def test_saves_what_was_changed(self) -> None:
        response = self.post(**FORM)

        self.assertContains(response, "GitLab is saved.")
        self.entry.refresh_from_db()
        self.assertEqual((self.entry.issuer, self.entry.account_name), ("GitLab", "grace"))

    def test_refuses_with_a_sentence(self) -> None:
        for field, value, sentence in (
            ("issuer", "", "Enter the name of the service."),
            ("digits", "11", "A code has 6 to 10 digits."),
            ("period", "0", "The period is a whole number of seconds"),
            ("algorithm", "MD5", "The algorithm is unknown."),
        ):
            self.assertContains(self.post(**{**FORM, field: value}), sentence)

        self.entry.refresh_from_db()
        self.assertEqual(self.entry.issuer, "GitHub")

    def test_keeps_few_digits_that_came_from_a_file(self) -> None:
        OtpEntry.objects.update(digits=4)

        self.post(**{**FORM, "digits": "4"})

        self.assertEqual(OtpEntry.objects.get().issuer, "GitLab")

    def test_an_entry_without_issuer_may_stay_so(self) -> None:
        OtpEntry.objects.update(issuer="")

        self.post(**{**FORM, "issuer": ""})

        self.assertEqual(OtpEntry.objects.get().account_name, "grace")

    def test_does_not_turn_back_a_counter_that_grew_meanwhile(self) -> None:
        OtpEntry.objects.update(type="hotp", counter=9)

        self.post(**{**FORM, "type": "hotp", "counter": "5", "initial-counter": "5"})

        self.assertEqual(OtpEntry.objects.get().counter, 9)

    def test_sets_a_counter_that_a_person_typed(self) -> None:
        OtpEntry.objects.update(type="hotp", counter=9)

        self.post(**{**FORM, "type": "hotp", "counter": "20", "initial-counter": "9"})

        self.assertEqual(OtpEntry.objects.get().counter, 20)

    def test_says_so_when_the_secret_cannot_be_opened(self) -> None:
        OtpEntry.objects.update(sealed_secret="k1:broken")

        with self.assertLogs("vault.codes", "ERROR"):
            self.assertContains(self.post(**FORM), "cannot be opened")


class DeedTests(EntryPageCase):
    def test_favourite_is_marked_and_unmarked(self) -> None:
        self.post("favourite/", next="/?sort=used")
        self.assertTrue(OtpEntry.objects.get().is_favourite)

        response = self.client.post(self.url("favourite/"), headers=JSON)
        self.assertEqual(response.json(), {"is_favourite": False})

    def test_goes_back_to_the_page_it_came_from_and_nowhere_else(self) -> None:
        for target, place in {
            "/?favourites=1": "/?favourites=1",
            "https://example.com/": "/",
            "//example.com/": "/",
            "javascript:alert(1)": "/",
        }.items():
            response = self.client.post(self.url("favourite/"), {"next": target})
            self.assertRedirects(response, place, fetch_redirect_response=False)

    def test_trash(self) -> None:
        self.assertContains(self.post("trash/"), "GitHub is in the trash.")

        self.assertFalse(OtpEntry.objects.live().exists())

    def test_move(self) -> None:
        other = make_entries(self.alice, 1)[0]

        self.post("move/", by="down")

        order = list(OtpEntry.objects.in_order().values_list("pk", flat=True))
        self.assertEqual(order, [other.pk, self.entry.pk])

    def test_used(self) -> None:
        self.assertEqual(self.client.post(self.url("used/")).status_code, 204)

        self.assertIsNotNone(OtpEntry.objects.get().last_used_at)


class NextCodeTests(EntryPageCase):
    def setUp(self) -> None:
        super().setUp()
        OtpEntry.objects.update(type="hotp", counter=1)

    def test_shows_the_code_and_its_counter(self) -> None:
        response = self.post("next-code/")

        self.assertContains(response, "<span>287</span><span>082</span>")
        self.assertContains(response, "Made with counter 1.")
        self.assertIn("no-store", response["Cache-Control"])

    def test_answers_a_script(self) -> None:
        answer = self.client.post(self.url("next-code/"), headers=JSON).json()

        self.assertEqual(answer, {"code": "287082", "groups": ["287", "082"], "counter": 1})

    def test_refuses_a_time_based_entry_in_words(self) -> None:
        OtpEntry.objects.update(type="totp")

        response = self.client.post(self.url("next-code/"), headers=JSON)

        self.assertEqual(response.status_code, 409)
        self.assertIn("without being asked", response.json()["refusal"])
        self.assertContains(self.post("next-code/"), "without being asked")


class SecretTests(EntryPageCase):
    def make_stale(self) -> None:
        session = self.client.session
        session["proven_at"] = 0
        session.save()

    def test_asks_before_it_shows_anything(self) -> None:
        response = self.client.get(self.url("secret/"))

        self.assertContains(response, "Show the secret of GitHub?")
        self.assertNotContains(response, BASE32)
        self.assertFalse(AuditEvent.objects.filter(event="vault.secret_revealed").exists())

    def test_shows_the_secret_and_its_qr_code(self) -> None:
        response = self.post("secret/reveal/")

        fours = "".join(f"<span>{BASE32[n : n + 4]}</span>" for n in range(0, len(BASE32), 4))
        self.assertContains(response, fours)
        self.assertContains(response, 'src="data:image/png;base64,')
        self.assertIn("no-store", response["Cache-Control"])
        self.assertTrue(AuditEvent.objects.filter(event="vault.secret_revealed").exists())

    def test_shows_the_secret_alone_when_no_qr_code_holds_it(self) -> None:
        OtpEntry.objects.update(issuer="码" * 200)

        response = self.post("secret/reveal/")

        self.assertContains(response, "too long for one QR code")
        self.assertContains(response, f"<span>{BASE32[:4]}</span>")

    def test_confirms_first_that_it_is_you(self) -> None:
        self.make_stale()

        page = self.client.get(self.url("secret/"))
        deed = self.client.post(self.url("secret/reveal/"), {"back": self.url("secret/")})

        for response in (page, deed):
            self.assertEqual(response.status_code, 302)
            self.assertTrue(response["Location"].startswith("/confirm/?next="))
        self.assertIn(str(self.entry.pk), deed["Location"])
        self.assertFalse(AuditEvent.objects.filter(event="vault.secret_revealed").exists())

    def test_says_so_when_the_secret_cannot_be_opened(self) -> None:
        OtpEntry.objects.update(sealed_secret="k1:broken")

        with self.assertLogs("vault.codes", "ERROR"):
            self.assertContains(self.post("secret/reveal/"), "cannot be opened")
