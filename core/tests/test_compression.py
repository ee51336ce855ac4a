from __future__ import annotations

import gzip
from typing import Any

from tests import base

GZIP = {"Accept-Encoding": "gzip"}


class CompressionTests(base.TestCase):
    def get(self, path: str, **headers: str) -> Any:
        return self.sign_in_as("alice").get(path, headers={**GZIP, **headers})

    def test_compresses_a_page(self) -> None:
        response = self.get("/")

        assert response["Content-Encoding"] == "gzip"
        assert b"Add your first code" in gzip.decompress(response.content)
        assert "Accept-Encoding" in response["Vary"]

    def test_leaves_a_page_alone_that_repeats_words_of_its_address(self) -> None:
        assert "Content-Encoding" not in self.get("/?q=hello")

    def test_leaves_answers_to_posts_and_other_kinds_alone(self) -> None:
        self.sign_in_as("alice")

        posted = self.client.post("/entries/add/text/", {"text": ""}, headers=GZIP)

        assert "Content-Encoding" not in posted
        assert "Content-Encoding" not in self.get("/codes/", **{"X-Background": "1"})

    def test_leaves_it_to_browsers_that_ask(self) -> None:
        assert "Content-Encoding" not in self.sign_in_as("alice").get("/")
