from __future__ import annotations

import hmac
import secrets
from unittest.mock import patch

from django.db import connection
from django.utils import timezone

from keyslots import services as keyslots
from notes import services as notes
from notes.models import NoteIndex
from notes.refusals import ChangedElsewhere
from notes.services import scanning
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
            assert notes.find(self.alice, query(self.alice, *terms)).entries == [str(entry.pk)]
        assert notes.find(self.alice, query(self.alice, "marta", "kind")).entries == []
        assert set(notes.find(self.alice, query(self.alice, "the")).entries) == {
            str(entry.pk),
            str(other.pk),
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
        making.write(changed, "Nothing of hers")

        found = notes.find(self.alice, query(self.alice, "marta"))
        assert found.entries == []
        assert set(found.unindexed) == {str(row.pk) for row in (plain, kept, changed)}
        to_do = notes.unindexed(self.alice).values_list("pk", flat=True)
        assert set(to_do) == {plain.pk, changed.pk}

    def test_searches_each_key_with_its_own_words(self) -> None:
        entry = making.make_entry(self.alice)
        making.write(entry, "Marta", indexed=True)
        old = making.key_of(self.alice)
        new = making.replace_key(self.alice)
        door = twin.trapdoor(INDEX_KEY, "marta")
        newer = notes.Query(new, [secrets.token_bytes(32)])

        both = notes.find(self.alice, [newer, notes.Query(old, [door])])
        alone = notes.find(self.alice, [newer])

        assert (both.entries, both.unindexed) == ([str(entry.pk)], [])
        assert (alone.entries, alone.unindexed) == ([], [str(entry.pk)])
        assert keyslots.leads_to(self.alice.pk, old)

    def test_leaves_out_the_trash(self) -> None:
        entry = making.make_entry(self.alice)
        making.write(entry, "Marta", indexed=True)
        vault.trash_entry(entry=entry, at=timezone.now())
        found = notes.find(self.alice, query(self.alice, "marta"))
        assert (found.entries, found.unindexed) == ([], [])

    def test_makes_the_codewords_that_hmac_makes(self) -> None:
        door = secrets.token_bytes(32)
        for place in (b"", b"x" * 40, b"y" * 200):
            wanted = hmac.digest(door, place, "sha256")[:8]
            assert scanning.codeword_maker(door)(place) == wanted

    def test_is_a_search_at_whole_codewords(self) -> None:
        blob = bytes(range(64)) * 8
        assert scanning.holds(blob, bytes(range(8, 16)))
        assert not scanning.holds(blob, bytes(range(9, 17)))
        assert not scanning.holds(blob, bytes(8))

    def test_makes_few_queries(self) -> None:
        for number in range(4):
            making.write(making.make_entry(self.alice, str(number)), "Marta", indexed=True)
        wanted = query(self.alice, "marta")
        # The scan goes around Django's cursor on PostgreSQL.
        with self.assertNumQueries(3 if connection.vendor == "postgresql" else 4):
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
        assert notes.find(self.alice, query(self.alice, "marta")).entries == [str(entry.pk)]
