from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import base
from vault.models import EntryDraft, OtpEntry
from vault.tests.making import BASE32, URI, make_entry, upload

FORM = {
    "issuer": "GitHub",
    "account_name": "ada",
    "secret": BASE32,
    "type": "totp",
    "algorithm": "SHA1",
    "digits": "6",
    "period": "30",
    "counter": "0",
}
PART_2_OF_3 = "otpauth-migration://offline?data=ChoKCkhlbGxvIQAAAAASAmFiGgJjZCABKAEwAhABGAMgASgB"


class AddPageCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def post(self, way: str, **form: Any) -> Any:
        return self.client.post(f"/entries/add/{way}/", form, follow=True)

    def added(self) -> OtpEntry:
        return OtpEntry.objects.for_owner(self.alice).get()


class AddPageTests(AddPageCase):
    def test_offers_three_ways(self) -> None:
        page = self.client.get("/entries/add/").content.decode()

        for way in ("pictures", "text", "manually"):
            self.assertIn(f'action="/entries/add/{way}/"', page)

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        for way in ("", "pictures/", "text/", "manually/"):
            response = self.client.post(f"/entries/add/{way}")
            self.assertRedirects(response, f"/sign-in/?next=/entries/add/{way}")


class PictureTests(AddPageCase):
    def test_adds_what_is_in_the_picture(self) -> None:
        response = self.post("pictures", pictures=upload(URI))

        self.assertContains(response, "1 code added")
        self.assertEqual((self.added().issuer, self.added().account_name), ("GitHub", "ada"))

    def test_adds_all_codes_of_all_pictures(self) -> None:
        second = URI.replace("GEZD", "MFRG").replace("GitHub", "GitLab")
        third = URI.replace("GEZD", "MFRE").replace("GitHub", "Steam")

        response = self.post("pictures", pictures=[upload(URI, second), upload(third)])

        self.assertContains(response, "3 codes added")

    def test_names_the_missing_parts_of_an_export(self) -> None:
        response = self.post("pictures", pictures=upload(PART_2_OF_3))

        self.assertContains(response, "Parts 1, 3 of 3 of this export are still missing")
        self.assertEqual(OtpEntry.objects.count(), 1)

    def test_keeps_the_good_and_says_what_was_wrong_with_the_rest(self) -> None:
        text = SimpleUploadedFile("notes.txt", b"hello", content_type="text/plain")

        response = self.post("pictures", pictures=[upload(URI), text])

        self.assertContains(response, "1 code added")
        self.assertContains(response, "notes.txt")
        self.assertContains(response, "not a whole PNG, JPEG, WebP or GIF")

    def test_refuses_with_a_sentence_and_adds_nothing(self) -> None:
        broken = SimpleUploadedFile("broken.png", b"\x89PNG\r\n\x1a\nnothing")
        large = SimpleUploadedFile("large.png", b"x" * (5 * 1024 * 1024 + 1))
        for picture, sentence in (
            (broken, "The file is not a whole PNG, JPEG, WebP or GIF picture."),
            (large, "The picture is larger than 5 MB."),
            (upload("https://example.com/"), "holds something else than a second factor"),
            (upload("otpauth://totp/x?secret=0189"), "The secret is not valid Base32."),
        ):
            self.assertContains(self.post("pictures", pictures=picture), sentence)

        self.assertContains(self.post("pictures"), "Choose a picture with a QR code.")
        self.assertFalse(OtpEntry.objects.exists())

    def test_says_so_when_the_upload_is_too_large_to_be_read(self) -> None:
        with self.settings(FILE_UPLOAD_MAX_MEMORY_SIZE=1000):
            response = self.post("pictures", pictures=upload(URI))

        self.assertContains(response, "The pictures are larger than 5 MB.")

    def test_refuses_a_flood_of_pictures(self) -> None:
        response = self.post("pictures", pictures=[upload(URI) for _ in range(11)])

        self.assertContains(response, "at most 10 pictures")


class TextTests(AddPageCase):
    def test_adds_every_line(self) -> None:
        second = URI.replace("GEZD", "MFRG").replace("GitHub", "GitLab")

        self.assertContains(self.post("text", text=f"{URI}\n{second}"), "2 codes added")

    def test_names_the_line_that_is_refused(self) -> None:
        response = self.post("text", text=f"{URI}\nhttps://example.com")

        self.assertContains(response, "Line 2")
        self.assertContains(response, "Not added")
        self.assertEqual(OtpEntry.objects.count(), 1)

    def test_refuses_with_a_sentence_and_keeps_what_was_typed(self) -> None:
        for text, sentence in (
            (" ", "Paste one or more otpauth:// links"),
            ("hello", "it does not start with otpauth://"),
            (f"{URI}&algorithm=MD5", "The algorithm is unknown."),
            (f"{URI}&digits=0", "A code has 6 to 10 digits."),
            (f"{URI}&period=0", "The period is a whole number of seconds"),
            ("otpauth://motp/x?secret=AAAA", "only TOTP, HOTP and Steam"),
            ("otpauth-migration://offline?data=AAAA", "damaged or cut short"),
        ):
            response = self.post("text", text=text)
            self.assertContains(response, sentence)
            self.assertEqual(response.context["text_form"]["text"].value(), text)

        self.assertFalse(OtpEntry.objects.exists())


class ManualTests(AddPageCase):
    def test_adds_an_account(self) -> None:
        self.post("manually", **FORM, website="example.com")

        self.assertEqual(self.added().website, "https://example.com")

    def test_adds_it_to_categories_of_the_user(self) -> None:
        make_entry(self.bob, categories=("Bobs",))
        make_entry(self.alice, 1, categories=("Work",))
        mine, foreign = self.alice.categories.get(), self.bob.categories.get()

        response = self.post("manually", **FORM, categories=[foreign.pk])
        self.assertContains(response, "is not one of the available choices")
        self.post("manually", **FORM, categories=[mine.pk])

        entry = OtpEntry.objects.for_owner(self.alice).get(
            account_name="ada", icon="github", position=1
        )
        self.assertEqual(list(entry.categories.all()), [mine])

    def test_reads_a_secret_as_people_write_it(self) -> None:
        self.post("manually", **{**FORM, "secret": "gezd gnbv-gy3t qojq gezdgnbvgy3tqojq"})

        self.assertEqual(OtpEntry.objects.count(), 1)

    def test_refuses_with_a_sentence_and_adds_nothing(self) -> None:
        for field, value, sentence in (
            ("issuer", "", "Enter the name of the service."),
            ("secret", "", "Enter the secret."),
            ("secret", "0189", "The secret is not valid Base32."),
            ("secret", "A" * 2000, "longer than any second-factor code"),
            ("secret", URI, "This is a link and not a secret."),
            ("digits", "5", "A code has 6 to 10 digits."),
            ("digits", "11", "A code has 6 to 10 digits."),
            ("period", "0", "The period is a whole number of seconds"),
            ("period", "x", "The period is a whole number of seconds"),
            ("algorithm", "MD5", "The algorithm is unknown."),
            ("website", "nonsense", "Enter a web address"),
            ("website", "javascript:alert(1)", "Enter a web address"),
        ):
            response = self.post("manually", **{**FORM, field: value})
            self.assertContains(response, sentence, msg_prefix=f"{field}={value}")

        self.assertFalse(OtpEntry.objects.exists())

    def test_a_field_the_kind_does_not_have_is_not_judged(self) -> None:
        for number, kind in enumerate(("steam", "hotp", "totp")):
            wrong = {"steam": {"digits": "99"}, "hotp": {"period": ""}, "totp": {"counter": ""}}
            secret = ["GEZDGNBV", "MFRGGZDF", "MZXW6YTB"][number]
            self.post("manually", **{**FORM, "type": kind, "secret": secret, **wrong[kind]})

        self.assertEqual(OtpEntry.objects.count(), 3)


class DuplicateTests(AddPageCase):
    def ask(self) -> EntryDraft:
        make_entry(self.alice)
        response = self.post("text", text=URI.replace("ada", "second"))
        self.assertContains(response, "Already in your vault")
        self.assertContains(response, "GitHub – second")
        self.assertContains(response, "The same secret is kept as GitHub (ada).")
        self.assertEqual(OtpEntry.objects.count(), 1)
        return EntryDraft.objects.get()

    def test_adds_it_anyway_when_told(self) -> None:
        draft = self.ask()

        response = self.client.post(f"/drafts/{draft.pk}/add/", follow=True)

        self.assertContains(response, "1 code added")
        self.assertEqual(OtpEntry.objects.count(), 2)

    def test_skips_it_when_told(self) -> None:
        draft = self.ask()

        response = self.client.post(f"/drafts/{draft.pk}/skip/", follow=True)

        self.assertContains(response, "Nothing was added")
        self.assertEqual((OtpEntry.objects.count(), EntryDraft.objects.count()), (1, 0))

    def test_the_page_shows_no_secret(self) -> None:
        self.ask()

        self.assertNotContains(self.client.get("/entries/added/"), BASE32)

    def test_a_stranger_cannot_answer(self) -> None:
        draft = self.ask()
        self.client = self.sign_in_as("bob", Client())

        for answer in ("add", "skip"):
            self.assertEqual(self.client.post(f"/drafts/{draft.pk}/{answer}/").status_code, 404)

        self.assertEqual(OtpEntry.objects.count(), 1)

    def test_nothing_was_handed_in(self) -> None:
        self.assertRedirects(self.client.get("/entries/added/"), "/")


class PreviewTests(AddPageCase):
    def preview(self, **changes: str) -> Any:
        body = {
            key: FORM[key] for key in ("secret", "type", "algorithm", "digits", "period", "counter")
        }
        return self.client.post(
            "/entries/preview/",
            json.dumps({**body, **changes}),
            content_type="application/json",
            headers={"Accept": "application/json"},
        )

    def test_answers_the_code_of_this_moment(self) -> None:
        answer = self.preview(digits="8").json()

        self.assertRegex(answer["code"], r"^\d{8}$")
        self.assertEqual("".join(answer["groups"]), answer["code"])
        self.assertTrue(0 < answer["seconds"] <= 30)

    def test_answers_the_code_of_a_counter(self) -> None:
        self.assertEqual(self.preview(type="hotp", counter="1").json()["code"], "287082")

    def test_answers_a_steam_code(self) -> None:
        self.assertEqual(len(self.preview(type="steam").json()["code"]), 5)

    def test_says_what_is_wrong(self) -> None:
        response = self.preview(secret="0189")

        self.assertIn("secret", response.json()["errors"])

    def test_takes_no_nonsense(self) -> None:
        for body in ("", "[]", "{", '{"secret": {"a": 1}}'):
            response = self.client.post(
                "/entries/preview/",
                body,
                content_type="application/json",
                headers={"Accept": "application/json"},
            )
            self.assertIn("errors", response.json(), body)

    def test_saves_nothing(self) -> None:
        self.preview()

        self.assertFalse(OtpEntry.objects.exists())

    def test_shows_the_code_in_the_page_without_scripts(self) -> None:
        form = {**FORM, "type": "hotp", "counter": "1", "issuer": ""}

        response = self.client.post("/entries/preview/", form)

        self.assertContains(response, "<span>287</span><span>082</span>")

    def test_asks_for_a_sign_in(self) -> None:
        self.client.logout()

        self.assertEqual(self.preview().status_code, 302)


class OutcomeTests(AddPageCase):
    def test_costs_the_same_queries_for_one_and_for_many(self) -> None:
        uris = [
            f"otpauth://totp/A:{n}?secret=MFRGGZDFMZTWQ2L{letter}&issuer=A"
            for n, letter in enumerate("ABCDEFGH")
        ]
        self.post("text", text=uris[0])
        with self.assertNumQueries(5):
            self.client.get("/entries/added/")
        self.post("text", text="\n".join(uris[1:]))
        with self.assertNumQueries(5):
            self.client.get("/entries/added/")

    def test_says_nothing_of_what_was_trashed_since(self) -> None:
        self.post("text", text=URI)
        entry = self.added()

        response = self.client.post(
            f"/entries/{entry.pk}/trash/", {"next": "/entries/added/"}, follow=True
        )

        self.assertContains(response, "is in the trash")
        self.assertContains(response, "Nothing was added")

    def test_undo_moves_what_was_added_to_the_trash(self) -> None:
        kept = make_entry(self.alice, 5)
        self.post("text", text=URI)

        response = self.client.post("/entries/added/undo/", follow=True)

        self.assertContains(response, "1 code is in the trash.")
        self.assertEqual(list(OtpEntry.objects.live()), [kept])

    def test_undo_with_nothing_added_does_nothing(self) -> None:
        make_entry(self.alice, 5)

        self.client.post("/entries/added/undo/")

        self.assertEqual(OtpEntry.objects.live().count(), 1)

    def test_a_known_secret_is_known_by_its_bytes(self) -> None:
        make_entry(self.alice)

        self.post("manually", **{**FORM, "secret": BASE32.lower(), "issuer": "Other"})

        self.assertEqual(OtpEntry.objects.count(), 1)
