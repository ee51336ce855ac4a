from __future__ import annotations

import re

from django.test import SimpleTestCase, override_settings

from api import document
from api.site import api
from api.urls import operations
from api.words import OPERATIONS
from tests import base

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", re.IGNORECASE)


class DocumentTests(SimpleTestCase):
    def test_tells_of_every_operation(self) -> None:
        made = document.make()

        named = {
            operation["operationId"]
            for methods in made["paths"].values()
            for operation in methods.values()
        }
        assert named == set(OPERATIONS)
        assert len(operations) == len(made["paths"])

    def test_says_what_opens_each(self) -> None:
        for path, methods in document.make()["paths"].items():
            for operation in methods.values():
                way = document.security_of(operation)
                wanted = "Token" if path.startswith("/api/v1/") else "Session"
                assert way == ("" if path == "/api/auth/recover" else wanted), path

    def test_describes_every_part(self) -> None:
        made = document.make()
        for methods in made["paths"].values():
            for operation in methods.values():
                for parameter in operation["parameters"]:
                    assert parameter["description"], parameter
        for name in ("NewEntry", "Activity", "Recovery", "ExportWish"):
            for part in made["components"]["schemas"][name]["properties"].values():
                assert part["description"], (name, part)

    @override_settings(SITE_URL="https://codes.example.com")
    def test_names_the_site(self) -> None:
        assert document.make()["servers"] == [{"url": "https://codes.example.com"}]


class PageTests(base.TestCase):
    def test_hands_the_document_to_everybody(self) -> None:
        answer = self.client.get("/api/openapi.json")

        assert answer.status_code == 200
        assert answer.json()["info"]["title"] == api.title

    def test_is_drawn_here_without_inline_scripts(self) -> None:
        self.sign_in_as("alice")
        page = self.client.get("/help/api/")

        text = page.content.decode()
        assert INLINE.search(text) is None
        assert "cdn" not in text.lower()
        for words in OPERATIONS.values():
            self.assertContains(page, str(words.title))

    def test_is_closed_to_who_is_signed_out(self) -> None:
        self.assertRedirects(
            self.client.get("/help/api/"),
            "/sign-in/?next=/help/api/",
            fetch_redirect_response=False,
        )
