from __future__ import annotations

import re

from django.test import SimpleTestCase

from audit import activity, events

NAMES = {name: value for name, value in vars(events).items() if name.isupper()}
CATALOGUE = {name: value for name, value in NAMES.items() if isinstance(value, str)}


class EventsTest(SimpleTestCase):
    def test_gives_every_event_a_sentence(self) -> None:
        assert set(CATALOGUE.values()) == set(events.SENTENCES)

    def test_names_each_event_once(self) -> None:
        assert len(set(CATALOGUE.values())) == len(CATALOGUE)

    def test_names_are_dotted(self) -> None:
        for name in CATALOGUE.values():
            assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name), name

    def test_shows_every_event_in_one_group(self) -> None:
        prefixes = [prefix for group in activity.GROUPS.values() for prefix in group.prefixes]

        assert len(set(prefixes)) == len(prefixes)
        assert all(activity.group_of(name) for name in CATALOGUE.values())

    def test_says_every_sentence_without_its_words(self) -> None:
        for name in CATALOGUE.values():
            assert "%(" not in events.sentence(name, {}, {})

    def test_puts_the_words_in(self) -> None:
        said = events.sentence(events.ENTRY_ADDED, {"issuer": "100 % Mail"}, {})

        assert said == "You added 100 % Mail."

    def test_calls_a_missing_word_nameless(self) -> None:
        assert events.sentence(events.ENTRY_ADDED, {"issuer": ""}, {}) == "You added (no name)."

    def test_adds_the_reason_of_a_refusal(self) -> None:
        said = events.sentence(events.SESSION_START_REFUSED, {}, {"reason": "wrong password"})

        assert said == "A sign-in was refused. The password was wrong."
