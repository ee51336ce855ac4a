from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any, ClassVar
from unittest.mock import patch

import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from exports import services
from exports.models import Export
from exports.tests.making import BUSY, PASSWORD, accounts_of, address, form, make_some, waiting
from recovery.tests import people
from tests import base
from vault.formats import aegis, andotp, authnode_json, container, csv_table, otpauth_list
from vault.formats.reading import Read
from vault.models import Category, OtpEntry
from vault.tests.making import make_entries


class PageCase(base.TestCase):
    entries: ClassVar[list[OtpEntry]]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.entries = make_some(cls.alice)

    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")

    def body(self, response: Any) -> bytes:
        assert response.status_code == 200, response.content
        return b"".join(response.streaming_content)

    def make(self, chosen_format: str, password: str | None = PASSWORD, **chosen: Any) -> Any:
        return self.client.post(address("make", chosen_format, **chosen), form(password))


class Choosing(PageCase):
    def test_lists_the_formats_and_who_reads_them(self) -> None:
        page = self.client.get("/exports/new/").content.decode()

        for words in ("Aegis itself", "List of otpauth links", "QR codes to print", "Work"):
            assert words in page

    def test_goes_on_to_the_review(self) -> None:
        query = "format=aegis&what=all&layout=3"
        response = self.client.get(f"/exports/new/?{query}")

        assert response.headers["Location"] == f"/exports/review/?{query}"

    def test_asks_for_a_category_where_categories_are_chosen(self) -> None:
        response = self.client.get("/exports/new/?format=aegis&what=categories&layout=3")

        assert response.status_code == 422
        self.assertContains(response, "Choose one category or more.", status_code=422)

    def test_refuses_a_format_that_is_none(self) -> None:
        assert self.client.get(address("review", "word")).headers["Location"] == "/exports/new/"

    def test_takes_what_was_ticked_in_the_list(self) -> None:
        ticked = {"entry": [str(self.entries[0].pk), "nonsense"]}

        response = self.client.post("/exports/selected/", ticked)

        assert response.headers["Location"] == "/exports/new/?what=selected"
        page = self.client.get(address("review", "csv", what="selected"))
        self.assertContains(page, "<b>1</b> code.")

    def test_says_that_nothing_was_ticked(self) -> None:
        response = self.client.post("/exports/selected/", follow=True)

        self.assertContains(response, "Tick the codes first.")

    def test_says_when_there_is_nothing_to_export(self) -> None:
        client = self.sign_in_as("bob", Client())

        self.assertContains(client.get("/exports/new/"), "There is nothing to export yet")


class Reviewing(PageCase):
    def test_names_what_does_not_fit_before_the_download(self) -> None:
        page = self.client.get(address("review", "google")).content.decode()

        assert "2 codes do not fit and stay out:" in page
        assert re.search(r"<bdi>Steam</bdi>.*This format does not know its kind of code", page)
        assert "categories, favourites, notes" in page

    def test_says_where_an_encryption_is_weak(self) -> None:
        for chosen_format, is_weak in (("andotp", True), ("qr-images", True), ("aegis", False)):
            page = self.client.get(address("review", chosen_format)).content.decode()
            assert ("weak against guessing" in page) == is_weak, chosen_format

    def test_offers_a_passphrase_of_its_own_each_time(self) -> None:
        made = set()
        for _ in range(2):
            page = self.client.get(address("review", "csv")).content.decode()
            made |= set(re.findall(r"(?:[a-z]{6}-){3}[a-z]{8}", page))

        assert len(made) == 2

    def test_is_not_kept_by_anybody(self) -> None:
        response = self.client.get(address("review", "csv"))

        assert "no-store" in response.headers["Cache-Control"]

    def test_warns_of_counters(self) -> None:
        assert b"counter-based code goes on" in self.client.get(address("review", "csv")).content


class Downloading(PageCase):
    def read(self, chosen_format: str, data: bytes, password: str | None) -> Read:
        readers = {
            "aegis": aegis,
            "andotp": andotp,
            "csv": csv_table,
            "plaintext": otpauth_list,
            "authnode": authnode_json,
        }
        if container.recognises(data):
            data = container.open_all(data, password=password).content
        read: Read = readers[chosen_format].read(data, password=password)
        return read

    def test_gives_each_format_with_and_without_a_password(self) -> None:
        wanted = [account.secret for account in accounts_of(self.alice)]
        types = {
            ("aegis", True): ("application/json", "json"),
            ("aegis", False): ("application/json", "json"),
            ("andotp", True): ("application/octet-stream", "json.aes"),
            ("andotp", False): ("application/json", "json"),
            ("csv", True): ("application/octet-stream", "authnode"),
            ("csv", False): ("text/csv; charset=utf-8", "csv"),
            ("plaintext", True): ("application/octet-stream", "authnode"),
            ("plaintext", False): ("text/plain; charset=utf-8", "txt"),
            ("authnode", True): ("application/octet-stream", "authnode"),
            ("authnode", False): ("application/json", "json"),
        }
        for (chosen_format, is_protected), (media_type, extension) in types.items():
            with self.subTest(chosen_format, is_protected=is_protected):
                password = PASSWORD if is_protected else None
                response = self.make(chosen_format, password)

                read = self.read(chosen_format, self.body(response), password)
                assert [account.secret for account in read.accounts] == wanted
                assert response.headers["Content-Type"] == media_type
                name = re.fullmatch(
                    r'attachment; filename="authnode-\d{8}\.(.+)"',
                    response.headers["Content-Disposition"],
                )
                assert name is not None
                assert name[1] == extension
                assert "no-store" in response.headers["Cache-Control"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_neutralises_cells_unless_told_otherwise(self) -> None:
        for more, cell in (({}, "'=SUM(A1)"), ({"exact_cells": "on"}, "=SUM(A1)")):
            table = self.body(self.make("csv", None, **more)).decode()
            rows = list(csv.reader(io.StringIO(table, newline="")))
            assert rows[4][0] == cell

    def test_gives_pictures_in_a_zip(self) -> None:
        assert self.body(self.make("qr-images"))[:4] == b"PK\x03\x04"

    def test_gives_the_chosen_ones_only(self) -> None:
        work = Category.objects.get(name="Work")
        chosen = {"what": "categories", "category": str(work.pk)}

        lines = self.body(self.make("plaintext", None, **chosen)).splitlines()

        assert len(lines) == 1
        assert b"GitHub" in lines[0]

    def test_writes_steam_for_apps_without_its_kind(self) -> None:
        plain = self.body(self.make("plaintext", None))
        compatible = self.body(self.make("plaintext", None, compatible_steam="on"))

        assert b"otpauth://steam/" in plain
        assert b"otpauth://steam/" not in compatible
        assert b"encoder=steam" in compatible

    def test_tells_the_owner_by_mail(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.make("aegis")

        (message,) = [sent for sent in mail.outbox if "exported" in sent.subject]
        assert message.to == ["alice@example.com"]
        assert "under a password" in message.body
        assert PASSWORD not in message.body

    def test_is_refused_after_ten_within_an_hour(self) -> None:
        for _ in range(10):
            assert self.make("plaintext").status_code == 200

        response = self.make("plaintext")

        self.assertContains(response, "Ten exports within an hour", status_code=422)

    def test_counts_no_form_that_was_refused(self) -> None:
        for _ in range(12):
            assert self.make("plaintext", "short").status_code == 422

        assert self.make("plaintext").status_code == 200


class Protecting(PageCase):
    def refused(self, chosen_format: str, posted: dict[str, str]) -> str:
        response = self.client.post(address("make", chosen_format), posted)
        assert response.status_code == 422
        page: str = response.content.decode()
        assert "filename" not in str(response.headers)
        return page

    def test_gives_plain_secrets_only_when_somebody_understands(self) -> None:
        assert "Say that you understand" in self.refused("csv", {"protection": "none"})

    def test_asks_for_a_choice(self) -> None:
        assert "whether the file gets a password" in self.refused("csv", {})

    def test_asks_for_a_long_password(self) -> None:
        assert "15 characters or more" in self.refused("csv", form("x" * 14))
        assert "15 characters or more" in self.refused("csv", {"protection": "own"})

    def test_does_not_let_a_pdf_cut_a_password(self) -> None:
        assert "127 bytes" in self.refused("qrcodes", form("ä" * 64))

    def test_keeps_the_passphrase_that_was_shown(self) -> None:
        page = self.refused("csv", {"protection": "none", "passphrase": "bodazi-kerumo"})

        assert "bodazi-kerumo" in page

    def test_never_sends_an_own_password_back(self) -> None:
        page = self.refused("csv", {"protection": "none", "password": PASSWORD})

        assert PASSWORD not in page

    def test_names_no_field_for_the_own_password(self) -> None:
        """Whatever becomes of the script, what is typed there is not posted."""
        page = self.client.get(address("review", "csv")).content.decode()

        for field in re.findall(r"<input[^>]*type=\"password\"[^>]*>", page):
            assert "name=" not in field


class Guarding(PageCase):
    paths = (
        ("get", "/exports/new/"),
        ("get", address("review", "csv")),
        ("post", address("make", "csv")),
    )

    def test_sends_strangers_to_the_sign_in(self) -> None:
        for method, path in self.paths:
            response = getattr(Client(), method)(path)
            assert response.headers["Location"].startswith("/sign-in/"), path

    def test_asks_to_confirm_after_five_minutes(self) -> None:
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):
            for method, path in self.paths:
                response = getattr(self.client, method)(path, form())
                assert response.headers["Location"].startswith("/confirm/"), path
        assert not Export.objects.exists()

    def test_is_closed_to_sessions_of_a_backup_code(self) -> None:
        people.add_factor(self.alice)
        codes = people.make_codes(self.alice)
        client = Client()
        people.show(client, "alice", codes[0])

        for method, path in self.paths:
            response = getattr(client, method)(path, form())
            assert response.headers["Location"] == "/settings/security/enrol/", path

    def test_shows_nobody_elses_export(self) -> None:
        export = waiting(self.alice)
        client = self.sign_in_as("bob", Client())

        for method, path in (
            ("get", ""),
            ("get", "state/"),
            ("post", "download/"),
            ("post", "cancel/"),
        ):
            assert getattr(client, method)(f"/exports/{export.pk}/{path}").status_code == 404
        assert Export.objects.filter(pk=export.pk).exists()


class InTheBackground(PageCase):
    def start(self, chosen_format: str = "qrcodes", password: str | None = PASSWORD) -> Any:
        with self.captureOnCommitCallbacks(execute=True):
            return self.make(chosen_format, password)

    def test_makes_a_pdf_and_hands_it_out_once(self) -> None:
        response = self.start()

        place = response.headers["Location"]
        page = self.client.get(place)
        self.assertContains(page, "The export is ready")
        assert self.client.get(f"{place}state/").json()["state"] == "ready"
        pdf = self.client.post(f"{place}download/")
        assert self.body(pdf)[:5] == b"%PDF-"
        assert pdf.headers["Content-Type"] == "application/pdf"
        assert self.client.get(place).status_code == 404
        assert not Export.objects.exists()

    def test_does_not_use_it_up_by_looking(self) -> None:
        place = self.start().headers["Location"]

        assert self.client.get(f"{place}download/").status_code == 405
        assert self.client.head(place).status_code == 405
        self.assertContains(self.client.get(place), "The export is ready")

    def test_makes_large_ones_there(self) -> None:
        make_entries(self.alice, 210)

        response = self.start("csv", None)

        place = response.headers["Location"]
        table = self.body(self.client.post(f"{place}download/")).decode()
        assert len(table.splitlines()) == 211

    def test_shows_how_far_it_is_and_can_be_cancelled(self) -> None:
        with self.settings(JOB_HANDLERS=BUSY):
            place = self.make("qrcodes").headers["Location"]

            page = self.client.get(place)
            self.assertContains(page, "Waiting for its turn…")
            self.assertContains(page, 'http-equiv="refresh"')
            assert self.client.get(f"{place}state/").json() == {
                "state": "waiting",
                "done": 0,
                "total": 0,
            }
            self.assertContains(self.client.get("/exports/new/"), "An export is being made")
            refused = self.make("qrcodes")
            self.assertContains(refused, "being made already", status_code=422)
            response = self.client.post(f"{place}cancel/", follow=True)

        self.assertContains(response, "The export is cancelled")
        assert not Export.objects.exists()

    def test_says_why_it_could_not_be_made(self) -> None:
        with (
            patch.object(services, "ATTEMPTS", 1),
            patch("exports.making.make", side_effect=OSError),
        ):
            place = self.start().headers["Location"]

        self.assertContains(self.client.get(place), "could not be made")
        assert self.start().status_code == 302


class WithNotes(PageCase):
    def kit(self, chosen_format: str, password: str | None = PASSWORD) -> dict[str, Any]:
        response = self.client.post(
            address("make", chosen_format),
            form(password, with_notes="on"),
            headers={"Accept": "application/json"},
        )
        assert response.status_code == 200
        kit: dict[str, Any] = response.json()
        return kit

    def test_hands_the_file_and_its_key_to_the_browser(self) -> None:
        for chosen_format in ("aegis", "authnode"):
            sealed, plain = self.kit(chosen_format), self.kit(chosen_format, None)

            assert sealed["entries"] == [str(entry.pk) for entry in self.entries]
            assert sealed["key"]
            assert plain["key"] is None

    def test_leaves_formats_without_a_place_for_notes_alone(self) -> None:
        response = self.client.post(address("make", "csv"), form(None, with_notes="on"))

        assert response.headers["Content-Type"].startswith("text/csv")

    def test_says_in_its_own_words_what_is_wrong(self) -> None:
        response = self.client.post(
            address("make", "aegis"), form("short"), headers={"Accept": "application/json"}
        )

        assert response.status_code == 422
        assert "15 characters" in json.loads(response.content)["refusal"]
