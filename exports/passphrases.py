"""Passphrases that are offered for exports: made-up words that can be typed and read out."""

from __future__ import annotations

import secrets

# Neither of them looks or sounds like another: 16 times 5 syllables, 6.3 bits each.
CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aeiou"
# Some programs for PDFs cut a password after 32 characters.
SYLLABLES = (3, 3, 3, 4)


def make() -> str:
    """Four words, thirteen syllables, 29 characters: 82 bits."""
    return "-".join(map(_word, SYLLABLES))


def _word(syllables: int) -> str:
    return "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(syllables))
