"""Every word that the site says can be translated.

A language is made up whose every translation stands between ⟦ and ⟧. All pages are rendered in it;
words outside of the marks were never asked for a translation. What a page may say without is listed
below, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from unittest import mock

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client, SimpleTestCase
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from accounts.tests.access_table import TABLE
from accounts.tests.test_access_matrix import FORM, addresses, things_of
from audit import events
from notifications import kinds
from tests import base

OPEN, SHUT = "⟦", "⟧"
# Attributes that are shown, read out, or handed to a script as a sentence.
SHOWN = ("alt", "aria-label", "aria-description", "placeholder", "title", "label")
LETTERS = re.compile(r"[^\W\d_]{2,}")
# Not words of the site: its name, and what is called the same in every language.
NAMES = re.compile(
    # Other apps.
    r"WinAuth|TOTP Authenticator|Stratum|Authenticator Pro|Authenticator Plus|Raivo OTP"
    r"|Proton Authenticator|LastPass Authenticator|Google Authenticator|FreeOTP\+?|Ente Auth"
    r"|Duo Mobile|Bitwarden|Battle\.net|Authy|2FAuth|2FAS|Aegis|andOTP|Steam"
    r"|AuthNode|GitHub|otpauth|https?|CSV|PDF|ZIP|JSON|TOTP|HOTP|SHA\d*|PNG|JPEG|WebP|GIF|QR|UTC"
    r"|OpenID|IPv[46]|Markdown|Esc|Ctrl|Alt|Shift"
)

# What belongs to the people of these tests, and not to the site; and what a browser calls itself,
# which is kept in rows as it was found.
OWN_WORDS = re.compile(
    r"Firefox on Linux|Unknown browser|\S+@\S+|Alice|Bob|Charlie|Work|Key|Phone|Script|ada\d*"
    r"|Germany|Berlin|Netherlands|localhost|authnode-\d+\.\w+"
    # A secret, in groups of four.
    r"|\b[A-Z2-7]{4}\b"
)
# Choices that are no words of the site: names out of the lists of time zones (IANA) and countries.
LISTS = ("time_zone", "country")
# The names of the parameters and refusals of the API are the same in every language.
FOR_PROGRAMS = {"api:help"}
FIXED = {"app_label": "accounts", "slug": "github", "content_type_id": 1}
OUR_PAGES = [name for name in TABLE if not name.startswith("admin:")]


class PageReader(HTMLParser):
    """The pieces of a page that somebody sees or hears."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        # What stands in attributes, each by itself.
        self.sentences: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.hidden:
            if tag == self.hidden[-1]:
                self.hidden.append(tag)
            return
        is_list = tag == "select" and given.get("name") in LISTS
        is_own = given.get("translate") == "no" or tag in SILENT or is_list
        if is_own and tag not in VOID:
            self.hidden.append(tag)
            return
        self.sentences += [given[name] or "" for name in SHOWN if name in given]
        self.sentences += [value or "" for name, value in attrs if name.startswith("data-text")]
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.sentences.append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag == self.hidden[-1]:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)


VOID = {"input", "img", "br", "hr", "meta", "link", "source", "wbr", "col"}
# Elements whose text is not words of the site.
SILENT = {
    "script": "code",
    "style": "code",
    "svg": "pictures; their names stand beside them",
    "textarea": "what somebody typed",
    "code": "machine words",
    "samp": "what a program prints",
    "time": "dates, written by the locale",
    "kbd": "what is printed on keys",
}


def marked(text: str) -> str:
    """A translation, with the spaces at the ends of the text left at the ends."""
    bare = text.strip()
    return text.replace(bare, f"{OPEN}{bare}{SHUT}", 1) if bare else text


class Marker:
    """Stands in for the catalogue of a language."""

    def gettext(self, message: str) -> str:
        # Django asks for a text with a context by joining the two.
        return marked(message.rpartition("\x04")[2])

    def pgettext(self, context: str, message: str) -> str:
        return marked(message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return marked(one if number == 1 else many)

    def npgettext(self, context: str, one: str, many: str, number: int) -> str:
        return marked(one if number == 1 else many)

    def to_language(self) -> str:
        return "en"

    language = to_language


def outside(texts: Iterable[str]) -> list[str]:
    """The words that stand outside of the marks; a sentence may go on over several elements."""
    depth, found = 0, []
    for text in texts:
        piece = ""
        for sign in text:
            depth = max(0, depth + (sign == OPEN) - (sign == SHUT))
            piece += " " if depth or sign in OPEN + SHUT else sign
        if LETTERS.search(OWN_WORDS.sub("", NAMES.sub("", piece))):
            found.append(" ".join(piece.split()))
    return found


def words_of(page: str) -> list[str]:
    reader = PageReader()
    reader.feed(page)
    return [*outside(reader.texts), *(word for one in reader.sentences for word in outside([one]))]


class MarkedTestCase(base.TestCase):
    """The site in the made-up language."""

    def setUp(self) -> None:
        super().setUp()
        marker = Marker()
        self.enterContext(mock.patch.object(trans_real, "translation", lambda _: marker))
        translation.activate("en")
        self.addCleanup(translation.deactivate)

    def look(self, response: Any, what: str) -> list[str]:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if not is_page or response.streaming:
            return []
        words = words_of(response.content.decode())
        return [f"{what}: {word}" for word in words]

    def walk(self, client: Client, wanted: Iterable[str], things: dict[str, Any]) -> list[str]:
        """Ask every address for its page, and for its answer to an empty form."""
        found: list[str] = []
        cookies = client.cookies.output(header="", sep=";")
        for name, parts in addresses():
            if name not in wanted or name in FOR_PROGRAMS:
                continue
            given = things.get(TABLE[name].thing) or things["entry"]
            path = reverse(name, kwargs={part: FIXED.get(part, given) for part in parts})
            for method in sorted(TABLE[name].methods):
                cache.clear()
                client.cookies = SimpleCookie(cookies)
                before = transaction.savepoint()
                response = client.generic(method, path, content_type=FORM)
                transaction.savepoint_rollback(before)
                found += self.look(response, f"{method} {name}")
        return sorted(set(found))


class PagesTests(MarkedTestCase):
    def test_say_nothing_to_strangers_that_cannot_be_translated(self) -> None:
        found = self.walk(Client(), OUR_PAGES, things_of(self.alice))

        assert found == [], "\n".join(found)

    def test_say_nothing_to_users_that_cannot_be_translated(self) -> None:
        client = Client()
        base.sign_in(client, "alice")
        found = self.walk(client, OUR_PAGES, things_of(self.alice))

        assert found == [], "\n".join(found)

    def test_say_nothing_half_way_that_cannot_be_translated(self) -> None:
        things = things_of(self.alice)
        client = Client()
        base.sign_in(client, "alice")
        found = self.walk(client, OUR_PAGES, things)

        assert found == [], "\n".join(found)

    def test_say_nothing_to_operators_that_cannot_be_translated(self) -> None:
        client = self.sign_in_as("charlie", Client())
        things = things_of(self.charlie)
        found = self.walk(client, OUR_PAGES, things)

        assert found == [], "\n".join(found)

    def test_finds_what_was_forgotten(self) -> None:
        page = "<p>⟦Go to <a>the codes</a> now⟧ or <b>elsewhere</b></p><input placeholder='Name'>"

        assert words_of(page) == ["or", "elsewhere", "Name"]
        assert words_of("<code>pip</code><p>⟦AuthNode of ⟦you⟧⟧ AuthNode 12:30</p>") == []


class SentencesTests(MarkedTestCase):
    def test_every_event_of_the_activity_has_one(self) -> None:
        plain = [name for name, words in events.SENTENCES.items() if OPEN not in str(words)]

        assert plain == []

    def test_every_kind_of_notification_has_a_title(self) -> None:
        plain = [kind.name for kind in kinds.ALL.values() if OPEN not in str(kind.title)]

        assert plain == []

    def test_every_mail_is_translated(self) -> None:
        found = []
        for path in sorted((settings.BASE_DIR / "templates" / "emails").glob("*/*")):
            name = str(path.relative_to(settings.BASE_DIR / "templates"))
            text = render_to_string(name, {"site_name": "AuthNode", "site_url": "https://x.test"})
            words = words_of(text) if path.suffix == ".html" else outside([text])
            found += [f"{name}: {word}" for word in words]

        assert found == [], "\n".join(found)


class ScriptsTests(SimpleTestCase):
    def test_take_their_sentences_from_the_page(self) -> None:
        """A script that shows a text of its own shows it in one language."""
        shown = re.compile(
            r"(?:textContent|innerText|placeholder|title|ariaLabel)\s*=\s*[\"'`]([^\"'`]*)[\"'`]"
            r"|(?:announce|alert|confirm)\(\s*[\"'`]([^\"'`]*)[\"'`]"
            r"|setAttribute\(\s*[\"'](?:aria-label|title|alt|placeholder)[\"'],\s*[\"'`]([^\"'`]*)"
        )
        found = []
        for path in sorted((settings.BASE_DIR / "static" / "js").rglob("*.js")):
            for texts in shown.findall(path.read_text()):
                # What is put in comes from the page.
                words = [re.sub(r"\$\{.*?(\}|$)", "", text) for text in texts]
                found += [f"{path.name}: {text}" for text in words if LETTERS.search(text)]

        assert found == []
