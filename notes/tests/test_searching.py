from __future__ import annotations

import secrets
from unittest.mock import patch

from django.utils import timezone

from keyslots import services as keyslots
from notes import services as notes
from notes.models import NoteIndex
from notes.refusals import ChangedElsewhere
from notes.services import searching
from notes.tests import making, twin
from tests.base import TestCase
from vault import services as vault

INDEX_KEY = twin.index_key(making.VAULT_KEY)


def query(user: object, *terms: str) -> list[notes.Query]:
    doors = [twin.trapdoor(INDEX_KEY, term) for term in terms]
    return [notes.Query(making.key_of(user), doors)]  # type: ignore[arg-type]


class SearchingTests(TestCase):
    def test_finds_words_and_their_beginnings(self) -> None:
        entry = making.make_entry(self.alice)
        making.write(entry, "Marta keeps the spare token", indexed=True)
        other = making.make_entry(self.alice, "Other")
        making.write(other, "Nothing of the kind", indexed=True)

        for terms in (["marta"], ["mar"], ["mart", "tok"], ["spare", "token", "kee"]):
            assert notes.find(self.alice, query(self.alice, *terms)).entries == [entry.pk]
        assert notes.find(self.alice, query(self.alice, "marta", "kind")).entries == []
        assert set(notes.find(self.alice, query(self.alice, "the")).entries) == {
            entry.pk,
            other.pk,
        }

    def test_finds_nothing_of_others(self) -> None:
        making.write(making.make_entry(self.alice), "Marta", indexed=True)
        found = notes.find(self.bob, query(self.alice, "marta"))
        assert (found.entries, found.unindexed) == ([], [])

    def test_leaves_what_is_not_indexed_to_the_browser(self) -> None:
        plain = making.make_entry(self.alice, "Not indexed")
        making.write(plain, "Marta")
        kept = making.make_entry(self.alice, "Kept")
        notes.keep_for_server(kept, "Marta", at=timezone.now())
        changed = making.make_entry(self.alice, "Changed")
        making.write(changed, "Marta", indexed=True)
        NoteIndex.objects.update(revision=7)

        found = notes.find(self.alice, query(self.alice, "marta"))
        assert found.entries == []
        assert set(found.unindexed) == {plain.pk, kept.pk, changed.pk}
        assert set(notes.unindexed(self.alice).values_list("pk", flat=True)) == {
            plain.pk,
            kept.pk,
            changed.pk,
        }

    def test_searches_each_key_with_its_own_words(self) -> None:
        entry = making.make_entry(self.alice)
        making.write(entry, "Marta", indexed=True)
        old = making.key_of(self.alice)
        new = making.replace_key(self.alice)
        door = twin.trapdoor(INDEX_KEY, "marta")
        newer = notes.Query(new, [secrets.token_bytes(32)])

        both = notes.find(self.alice, [newer, notes.Query(old, [door])])
        alone = notes.find(self.alice, [newer])

        assert (both.entries, both.unindexed) == ([entry.pk], [])
        assert (alone.entries, alone.unindexed) == ([], [entry.pk])
        assert keyslots.leads_to(self.alice.pk, old)

    def test_leaves_out_the_trash(self) -> None:
        entry = making.make_entry(self.alice)
        making.write(entry, "Marta", indexed=True)
        vault.trash_entry(entry=entry, at=timezone.now())
        found = notes.find(self.alice, query(self.alice, "marta"))
        assert (found.entries, found.unindexed) == ([], [])

    def test_is_a_search_at_whole_codewords(self) -> None:
        blob = bytes(range(64)) * 8
        assert searching._holds(blob, bytes(range(8, 16)))
        assert not searching._holds(blob, bytes(range(9, 17)))
        assert not searching._holds(blob, bytes(8))

    def test_makes_few_queries(self) -> None:
        for number in range(4):
            making.write(making.make_entry(self.alice, str(number)), "Marta", indexed=True)
        wanted = query(self.alice, "marta")
        with self.assertNumQueries(2):
            assert len(notes.find(self.alice, wanted).entries) == 4


class PlaceTests(TestCase):
    def test_is_the_browser_until_there_are_many(self) -> None:
        assert notes.place_for(self.alice) == "browser"
        making.write(making.make_entry(self.alice))
        with patch("notes.services.searching.BROWSER_LIMIT", 0):
            assert notes.place_for(self.alice) == "index"
        assert notes.BROWSER_LIMIT == 2_000

    def test_is_what_was_chosen(self) -> None:
        notes.choose_place(self.alice, "index", at=timezone.now())
        assert notes.place_for(self.alice) == "index"
        making.write(making.make_entry(self.alice), indexed=True)
        notes.choose_place(self.alice, "browser", at=timezone.now())
        assert notes.place_for(self.alice) == "browser"
        assert not NoteIndex.objects.exists()

    def test_stores_the_index_of_the_note_as_it_is(self) -> None:
        entry = making.make_entry(self.alice)
        row = making.write(entry, "Marta")
        words = twin.make_index(INDEX_KEY, twin.plain_of("Marta"), entry.pk, 1)
        key = making.key_of(self.alice)
        for revision, key_id in ((2, key), (1, making.key_of(self.bob))):
            with self.assertRaises(ChangedElsewhere):
                notes.put_index(
                    entry=entry, vault_key_id=key_id, revision=revision, codewords=words
                )
        notes.put_index(entry=entry, vault_key_id=key, revision=row.revision, codewords=words)
        assert notes.find(self.alice, query(self.alice, "marta")).entries == [entry.pk]
