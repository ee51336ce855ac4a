from __future__ import annotations

import re
from unittest import TestCase

from vault import brands


class SlugTests(TestCase):
    def test_finds_brands_however_services_write_themselves(self) -> None:
        for issuer, slug in {
            "GitHub": "github",
            " github ": "github",
            "github.com": "github",
            "www.github.com": "github",
            "Google (work)": "google",
            "Twitter": "x",
            "GOG": "gogdotcom",
            "Epic Games": "epicgames",
            "Proton Account": "proton",
            "Battle.net": "battledotnet",
            "Bücher": "",
        }.items():
            self.assertEqual(brands.slug_for(issuer), slug, issuer)

    def test_finds_nothing_rather_than_something_wrong(self) -> None:
        for issuer in ("", " ", "…", "Example Savings Bank", "x" * 500, "../../etc/passwd"):
            self.assertEqual(brands.slug_for(issuer), "", issuer)

    def test_every_alias_leads_to_an_icon(self) -> None:
        for slug in brands.ALIASES.values():
            self.assertIsNotNone(brands.draw(slug), slug)


class TileTests(TestCase):
    def test_is_a_picture_without_anything_that_runs(self) -> None:
        picture = brands.draw("github")

        assert picture is not None
        self.assertEqual(set(re.findall(rb"<(\w+)", picture)), {b"svg", b"g", b"path"})

    def test_draws_dark_on_light_brands(self) -> None:
        self.assertIn(b'fill="#16191d"', brands.draw("snapchat") or b"")
        self.assertIn(b'fill="#fff"', brands.draw("github") or b"")

    def test_knows_no_brand_of_another_name(self) -> None:
        self.assertIsNone(brands.draw("no-such-brand"))


class TintTests(TestCase):
    def test_is_the_same_for_the_same_name(self) -> None:
        self.assertEqual(brands.tint_for("GitHub"), brands.tint_for(" github"))
        self.assertIn(brands.tint_for("", "ada"), range(1, 13))
