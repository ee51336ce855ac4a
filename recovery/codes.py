"""The text of a backup sign-in code: 125 random bits as 25 characters in five groups.

Crockford's alphabet leaves out I, L, O and U, so that a code can be read from paper; whoever types
O, I or L meant the digit.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 25
GROUP = 5
# Longer text is refused before anything is computed with it.
LONGEST_TYPED = 64
# What stands between groups: white space, any dash, and characters that nobody sees.
SEPARATORS = frozenset({"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})
MEANT = str.maketrans("OIL", "011")
IN_GROUPS = re.compile(r"(?<![0-9A-Z-])[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}(?![0-9A-Z-])")


class NotACode(ValueError):
    """The text does not hold exactly one code."""


def make() -> str:
    """A new code, without its hyphens."""
    return "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))


def grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def read(typed: str) -> str:
    """The one code in what somebody typed or pasted; raises NotACode.

    Either the text is the code, in whatever case and grouping, or it holds one printed code.
    """
    if len(typed) > LONGEST_TYPED:
        raise NotACode
    text = _upper(typed)
    bare = "".join(char for char in text if unicodedata.category(char) not in SEPARATORS)
    if len(bare) == LENGTH:
        return _checked(bare)
    found = IN_GROUPS.findall(text)
    if len(found) != 1:
        raise NotACode
    return _checked(found[0].replace("-", ""))


def _upper(text: str) -> str:
    # Only ASCII: in other alphabets upper case may be longer, or a letter of this one.
    return "".join(char.upper() if char.isascii() else char for char in text)


def _checked(bare: str) -> str:
    code = bare.translate(MEANT)
    if any(char not in SYMBOLS for char in code):
        raise NotACode
    return code
