from __future__ import annotations

from django.template.loader import get_template
from django.urls import reverse

from authnode import help_pages
from authnode.tests.test_pages import names
from tests import base

FORCED = {"SECOND_FACTOR": "all", "SECOND_FACTOR_GRACE_DAYS": 0}


class HelpTests(base.TestCase):
    def test_shows_every_page_signed_out_and_in(self) -> None:
        for name in (None, "alice"):
            if name:
                self.sign_in_as(name)
            for page in help_pages.PAGES:
                response = self.client.get(reverse(page.name))
                self.assertContains(response, "<h1>", count=1)
                self.assertContains(response, "<h2", msg_prefix=page.name)

    def test_lists_every_page(self) -> None:
        response = self.client.get("/help/")

        for page in help_pages.PAGES:
            self.assertContains(response, f'href="{reverse(page.name)}"')
            self.assertContains(response, page.title)

    def test_is_open_to_who_must_add_a_factor_first(self) -> None:
        with self.settings(**FORCED):
            self.sign_in_as("alice")
            assert self.client.get("/").headers["Location"] == "/settings/security/enrol/"
            for path in ("/help/", "/help/second-factors/", "/help/backup-codes/"):
                assert self.client.get(path).status_code == 200, path

    def test_knows_no_page_that_does_not_exist(self) -> None:
        known = {name for name, _ in names()}
        for page in help_pages.PAGES:
            for name in page.explains:
                found = [one for one in known if help_pages.page_about(one) == page]
                assert name in known or any(one.startswith(name[:-1]) for one in found), name

    def test_has_a_template_for_each_page(self) -> None:
        for page in help_pages.OWN_PAGES:
            assert get_template(page.template) is not None


class WaysToTheHelpTests(base.TestCase):
    def test_leads_from_each_page_to_its_own(self) -> None:
        self.sign_in_as("alice")
        for path, page in {
            "/": "codes",
            "/entries/add/": "adding",
            "/settings/security/": "second-factors",
            "/settings/security/backup-codes/confirm/": "backup-codes",
            "/settings/security/keys/": "notes",
            "/settings/notes/": "notes",
            "/exports/new/": "moving",
            "/import/": "moving",
            "/settings/security/sign-ins/": "sign-ins",
            "/settings/security/sessions/": "sessions",
        }.items():
            response = self.client.get(path)
            if response.status_code == 200:
                self.assertContains(response, f'href="/help/{page}/"', msg_prefix=path)

    def test_leads_from_the_menu_and_from_the_foot_of_the_sign_in(self) -> None:
        self.assertContains(self.client.get("/sign-in/"), 'href="/help/"')
        self.assertContains(self.client.get("/nowhere/"), 'href="/help/"', status_code=404)
        self.sign_in_as("alice")
        self.assertContains(self.client.get("/"), 'href="/help/"', count=2)

    def test_shows_no_link_where_nothing_is_to_be_explained(self) -> None:
        self.assertNotContains(self.client.get("/help/"), "help-link")
        assert help_pages.page_about("health-live") is None
