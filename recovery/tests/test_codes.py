from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import codes

CODE = "7ZK3M9QWX0ABCDEFGHJKN1234"
PRINTED = "7ZK3M-9QWX0-ABCDE-FGHJK-N1234"


def test_makes_codes_of_125_bits_that_are_even() -> None:
    total = 20_000
    counts = Counter("".join(codes.make() for _ in range(total)))

    share = total * codes.LENGTH / 32
    sigma = math.sqrt(share * 31 / 32)
    assert set(counts) == set(codes.SYMBOLS)
    assert all(abs(count - share) < 6 * sigma for count in counts.values())


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        PRINTED,
        PRINTED.lower(),
        f"  {PRINTED}\n",
        PRINTED.replace("-", " "),
        PRINTED.replace("-", "\u2011"),
        PRINTED.replace("-", " \u2013 "),
        PRINTED.replace("-", "\u00a0"),
        PRINTED.replace("0", "O").replace("1", "l"),
        PRINTED.replace("0", "o").replace("1", "I"),
        f"3. {PRINTED}",
        f"AuthNode code: {PRINTED};",
        "\ufeff" + PRINTED,
    ],
)
def test_reads_a_code_as_people_type_it(typed: str) -> None:
    assert codes.read(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        CODE[:-1],
        CODE + "2",
        CODE.replace("7", "U"),
        PRINTED + "\n" + PRINTED[::-1],
        f"1. {PRINTED[:29]} {PRINTED[:29]}",
        " " * 40 + CODE,
        "x" * 10_000,
        CODE.replace("7", "\uff17"),
        CODE.replace("7", "\u00df"),
    ],
)
def test_refuses_what_is_not_exactly_one_code(typed: str) -> None:
    with pytest.raises(codes.NotACode):
        codes.read(typed)


@given(st.text(max_size=80))
def test_reads_or_refuses_any_text(typed: str) -> None:
    try:
        code = codes.read(typed)
    except codes.NotACode:
        return
    assert len(code) == codes.LENGTH
    assert set(code) <= set(codes.SYMBOLS)


@given(st.text(codes.SYMBOLS, min_size=25, max_size=25))
def test_reads_what_it_printed(code: str) -> None:
    assert codes.read(codes.grouped(code)) == code
