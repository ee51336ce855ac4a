from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core import otp
from imports import services
from imports.models import ImportBatch, ImportPiece
from imports.tests.making import given, links
from tests.base import TestCase
from vault import services as vault
from vault.models import OtpEntry
from vault.tests import foreign
from vault.tests.foreign import PASSWORD
from vault.tests.making import account, make_entry

# Session, user, import, page of rows, categories, unread notifications.
PREVIEW_QUERIES = 6


class PageTestCase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def upload(self, *contents: bytes, **form: str) -> Any:
        files = [SimpleUploadedFile(f"file{n}.bin", body) for n, body in enumerate(contents)]
        return self.client.post("/import/", {"sources": files, "format": "", **form})

    def make(self, *rows: Any) -> ImportBatch:
        content = links(*(rows or (account(1), account(2))))
        return services.start(owner=self.alice, files=[given(content)], at=timezone.now())

    def page(self, batch: ImportBatch, query: str = "") -> Any:
        return self.client.get(f"/import/{batch.pk}/{query}")

    def post(self, batch: ImportBatch, deed: str, **form: Any) -> Any:
        return self.client.post(f"/import/{batch.pk}/{deed}/", form)


class StartPageTests(PageTestCase):
    def test_is_linked_where_people_look_for_it(self) -> None:
        self.assertContains(self.client.get("/"), 'href="/import/"')
        self.assertContains(self.client.get("/entries/add/"), 'href="/import/"')

    def test_leads_to_the_preview(self) -> None:
        answer = self.upload(links(account(1)))

        self.assertRedirects(answer, f"/import/{ImportBatch.objects.get().pk}/")

    def test_says_what_is_wrong_with_each_file(self) -> None:
        answer = self.upload(b"words", foreign.encoded({"encrypted": True, "items": []}))

        self.assertContains(answer, "file0.bin: This is not a file", status_code=422)
        self.assertContains(answer, "file1.bin: This export opens only", status_code=422)

    def test_asks_for_a_file(self) -> None:
        answer = self.client.post("/import/", {"format": ""})

        self.assertContains(answer, "Choose a file to import.", status_code=422)

    def test_refuses_too_many_and_too_large_files(self) -> None:
        self.assertContains(self.upload(*[b"x"] * 21), "at most 20 files", status_code=422)
        large = self.upload(b"x" * (5 * 1024 * 1024 + 1))
        self.assertContains(large, "larger than 5 MB together", status_code=422)
        larger = self.upload(b"x" * (7 * 1024 * 1024))
        self.assertContains(larger, "larger than 5 MB together", status_code=422)

    def test_takes_the_format_a_person_names(self) -> None:
        self.upload(b"otpauth://totp/GitHub?secret=MFSGCJ3TEBXXO3RAONSWG4TFOQ", format="winauth")

        assert ImportBatch.objects.get().formats == "winauth"

    def test_offers_to_go_on_with_what_waits(self) -> None:
        batch = self.make()

        self.assertContains(self.client.get("/import/"), f'href="/import/{batch.pk}/"')

    def test_needs_somebody_signed_in(self) -> None:
        batch = self.make()

        for path in ("/import/", f"/import/{batch.pk}/"):
            self.assertRedirects(Client().get(path), f"/sign-in/?next={path}")

    def test_shows_nobody_the_import_of_somebody_else(self) -> None:
        batch = self.make()
        bob = self.sign_in_as("bob", Client())

        assert bob.get(f"/import/{batch.pk}/").status_code == 404
        assert bob.get(f"/import/{batch.pk}/codes/").status_code == 404
        assert bob.post(f"/import/{batch.pk}/finish/").status_code == 404


class PasswordPageTests(PageTestCase):
    def test_opens_the_file_with_its_password(self) -> None:
        url = self.upload(foreign.twofas([account(1)], PASSWORD)).url
        self.assertContains(self.client.get(url), "Password of file0.bin")

        with self.captureOnCommitCallbacks(execute=True):
            self.client.post(f"{url}open/", {"password_0": PASSWORD})

        self.assertContains(self.client.get(url), "Look and choose")

    def test_says_that_the_password_was_wrong(self) -> None:
        url = self.upload(foreign.twofas([account(1)], PASSWORD)).url
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post(f"{url}open/", {"password_0": "not it"})

        self.assertContains(self.client.get(url), "The password is wrong, or the file is damaged.")

    def test_asks_for_each_password(self) -> None:
        sealed = foreign.twofas([account(1)], PASSWORD)
        url = self.upload(sealed, links(account(3)), sealed).url

        answer = self.client.post(f"{url}open/", {"password_0": PASSWORD})

        self.assertContains(answer, "Type the password of this file.", status_code=422)
        self.assertContains(answer, 'name="password_1"', status_code=422)

    def test_shows_that_it_waits_without_scripts_too(self) -> None:
        url = self.upload(foreign.twofas([account(1)], PASSWORD)).url
        self.client.post(f"{url}open/", {"password_0": PASSWORD})

        page = self.client.get(url)

        self.assertContains(page, '<noscript><meta http-equiv="refresh" content="3"></noscript>')
        self.assertContains(page, "waiting for its turn")
        assert self.client.get(f"{url}status/").json()["is_reading"] is True

    def test_counts_how_often_files_are_opened(self) -> None:
        url = self.upload(foreign.twofas([account(1)], PASSWORD)).url
        with mock.patch("imports.views.OPENINGS_PER_HOUR", 1):
            self.client.post(f"{url}open/", {"password_0": "not it"})
            answer = self.client.post(f"{url}open/", {"password_0": PASSWORD})

        assert answer.status_code == 429


class PreviewPageTests(PageTestCase):
    def test_shows_names_kinds_codes_and_what_is_known(self) -> None:
        make_entry(self.alice, 1, issuer="Known", name="me")
        rows = [account(1, issuer="File"), account(2, type="hotp", counter=7, issuer="Router")]
        page = self.page(self.make(*rows))

        self.assertContains(page, "You have it as Known (me).")
        self.assertContains(page, "HOTP, counter 7")
        code = otp.hotp(rows[1].secret, 7)
        self.assertContains(page, f"<span>{code[:3]}</span><span>{code[3:]}</span>")
        assert page["Cache-Control"].find("no-store") >= 0

    def test_shows_no_codes_to_who_hides_them(self) -> None:
        self.alice.hides_codes = True
        self.alice.save(update_fields=["hides_codes"])
        batch = self.make()

        self.assertContains(self.page(batch), "hidden")
        codes = self.client.get(f"/import/{batch.pk}/codes/").json()["codes"]
        assert codes == [[], []]

    def test_shows_no_secret(self) -> None:
        page = self.page(self.make(account(1)))

        self.assertNotContains(page, foreign.base32(account(1)))

    def test_escapes_names(self) -> None:
        page = self.page(self.make(account(1, issuer="<script>alert(1)</script>")))

        self.assertNotContains(page, "<script>alert")
        self.assertContains(page, "&lt;script&gt;alert(1)&lt;/script&gt;")

    def test_brings_fresh_codes(self) -> None:
        batch = self.make()

        answer = self.client.get(f"/import/{batch.pk}/codes/?page=1").json()

        assert [len("".join(groups)) for groups in answer["codes"]] == [6, 6]
        assert 0 < answer["seconds"] <= 30

    def test_keeps_choices_from_page_to_page(self) -> None:
        batch = self.make(*(account(number) for number in range(1, 121)))
        answer = self.post(batch, "choices", page="1", go="2", row=["0", "1"])

        self.assertRedirects(answer, f"/import/{batch.pk}/?page=2")
        self.post(batch, "finish", page="2", row=["0"])
        assert OtpEntry.objects.count() == 3

    def test_lists_a_page_with_few_questions_to_the_database(self) -> None:
        small = self.make(account(1), account(2))
        with self.assertNumQueries(PREVIEW_QUERIES):
            self.page(small)
        large = self.make(*(account(number) for number in range(1, 100)))
        with self.assertNumQueries(PREVIEW_QUERIES):
            self.page(large)

    def test_asks_to_choose_something(self) -> None:
        batch = self.make()

        answer = self.client.post(f"/import/{batch.pk}/finish/", {"page": "1"}, follow=True)

        self.assertContains(answer, "Choose at least one account to import.")

    def test_survives_nonsense_in_the_form(self) -> None:
        batch = self.make()
        form = {
            "page": "nine",
            "row": ["x", "-1", "999"],
            "decision_x": "add",
            "go": "0",
            "group_0": "a",
        }

        assert self.post(batch, "choices", **form).status_code == 302

    def test_is_over_after_fifteen_minutes(self) -> None:
        batch = self.make()
        past = timezone.now() - timedelta(seconds=1)
        ImportBatch.objects.update(expires_at=past)

        self.assertRedirects(self.page(batch), "/import/")
        answer = self.client.post(f"/import/{batch.pk}/finish/", {"page": "1"}, follow=True)
        self.assertContains(answer, "This import is over")
        assert not OtpEntry.objects.exists()

    def test_forgets_everything_when_cancelled(self) -> None:
        batch = self.make()

        answer = self.client.post(f"/import/{batch.pk}/cancel/", follow=True)

        self.assertContains(answer, "nothing of the files was kept")
        assert not ImportBatch.objects.exists()
        assert not ImportPiece.objects.exists()


class SummaryPageTests(PageTestCase):
    def test_tells_what_was_done_and_undoes_it(self) -> None:
        batch = self.make()
        self.post(batch, "finish", page="1", row=["0", "1"])
        self.assertContains(self.page(batch), "2 codes imported")

        answer = self.client.post(f"/import/{batch.pk}/undo/", follow=True)

        self.assertContains(answer, "The import is undone: 2 codes.")
        assert not OtpEntry.objects.live().exists()
        self.assertContains(self.client.get("/import/"), "undone")

    def test_says_that_it_was_undone_already(self) -> None:
        batch = self.make()
        self.post(batch, "finish", page="1", row=["0", "1"])
        self.post(batch, "undo")

        answer = self.client.post(f"/import/{batch.pk}/undo/", follow=True)

        self.assertContains(answer, "can no longer be undone")

    def test_warns_of_the_code_for_this_very_site(self) -> None:
        batch = self.make(account(1))
        with mock.patch.object(vault, "guarding", return_value=[make_entry(self.alice, 2)]):
            answer = self.client.post(
                f"/import/{batch.pk}/finish/", {"page": "1", "row": "0"}, follow=True
            )

        self.assertContains(answer, "this very site asks you for")
