"""The blind index in large numbers. `make figures` runs the full ones."""

from __future__ import annotations

import random
import uuid

import pytest

from notes.envelope import STEP
from notes.services import scanning
from notes.tests import twin
from tests.figures import rounds
from tests.figures.test_foundation import say

pytestmark = pytest.mark.figures

INDEX_KEY = bytes(range(32))
CHANCE = random.Random(9)
SYLLABLES = ["ba", "den", "ki", "lor", "mas", "nu", "pel", "ri", "sto", "tam", "ve", "wol"]
WORDS = ["".join(CHANCE.choices(SYLLABLES, k=CHANCE.randint(2, 5))) for _ in range(3_000)]


def test_gives_equal_words_unlike_codewords() -> None:
    """One word in very many notes and revisions."""
    total = rounds(20_000, 1_000_000)
    make = scanning.codeword_maker(twin.trapdoor(INDEX_KEY, "marta"))
    entries = [uuid.UUID(int=CHANCE.getrandbits(128)) for _ in range(1_000)]
    made = {make(f"{entries[at % 1_000]}|{at // 1_000 + 1}".encode()) for at in range(total)}
    say("equal codewords of one word in two notes or revisions", total - len(made), total)


def test_finds_all_that_is_there() -> None:
    total, size = rounds(2_000, 100_000), 20
    plains = [twin.plain_of(" ".join(CHANCE.choices(WORDS, k=50))) for _ in range(size)]
    entries = [uuid.UUID(int=CHANCE.getrandbits(128)) for _ in plains]
    terms = [twin.terms_of(plain) for plain in plains]
    indexes = [
        twin.make_index(INDEX_KEY, plain, entry, 1)
        for plain, entry in zip(plains, entries, strict=True)
    ]
    odd = sum(len(index) % (8 * STEP) for index in indexes)
    missed = wrong = 0
    for _ in range(total):
        word = CHANCE.choice(WORDS)
        term = word[: CHANCE.randint(3, min(8, len(word)))]
        make = scanning.codeword_maker(twin.trapdoor(INDEX_KEY, term))
        for entry, index, there in zip(entries, indexes, terms, strict=True):
            hit = scanning.holds(index, make(f"{entry}|1".encode()))
            missed += term in there and not hit
            wrong += hit and term not in there
    print(f"\nhits before the look that were none: {wrong} of {total * size}")
    say("notes that hold the word and were missed", missed, total * size)
    say("indexes whose size is no multiple of 64 codewords", odd, size)
