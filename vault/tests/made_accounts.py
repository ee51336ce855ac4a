"""Accounts that Hypothesis makes, over all that the formats hold."""

from __future__ import annotations

from hypothesis import strategies as st

from core import otp
from vault.formats.account import MAX_COUNTER, OtpAccount

# Whatever is written somewhere: emoji, right to left, quotes, colons, formulas, other scripts.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60),
    st.sampled_from(
        [
            "",
            "GitHub",
            "a:b",
            "'=1+1",
            "=1+1",
            "''@x",
            "-2",
            "+3",
            '"',
            "a;b",
            "a\\;b\\",
            "a,b",
            "🔐 ü",
        ]
    ),
).map(str.strip)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FIELDS = st.tuples(LINES, LINES, st.sampled_from(["text", "hidden", "url"]))
CODES = st.tuples(LINES, st.sampled_from(["", "2026-03-01"]))
NOTES = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@st.composite
def accounts(
    draw: st.DrawFn,
    *,
    types: tuple[str, ...] = ("totp", "hotp", "steam"),
    digits: tuple[int, ...] = tuple(range(1, 11)),
    has_periods: bool = True,
    has_steam_periods: bool = True,
    has_colons: bool = True,
    has_extras: bool = False,
    has_categories: bool = False,
    has_fields: bool = False,
) -> OtpAccount:
    kind = draw(st.sampled_from(types))
    issuer, name = draw(TEXTS), draw(TEXTS)
    if not has_colons and not issuer:
        # A label of "a:b" without an issuer is an issuer and a name.
        name = name.replace(":", "").strip()
    free = has_periods and kind != "hotp" and (kind != "steam" or has_steam_periods)
    titles = draw(st.lists(TEXTS.filter(bool), max_size=3, unique=True)) if has_categories else []
    return OtpAccount(
        kind,
        draw(st.binary(min_size=1, max_size=40)),
        issuer=issuer,
        name=name,
        algorithm=draw(st.sampled_from(list(otp.ALGORITHMS))),
        digits=draw(st.sampled_from(digits)),
        period=draw(st.integers(1, otp.MAX_PERIOD)) if free else 30,
        counter=draw(st.integers(0, MAX_COUNTER)) if kind == "hotp" else 0,
        note=draw(NOTES) if has_extras else "",
        favourite=draw(st.booleans()) if has_categories else False,
        categories=tuple(titles),
        note_fields=tuple(draw(st.lists(FIELDS, max_size=2))) if has_fields else (),
        note_codes=tuple(draw(st.lists(CODES, max_size=2))) if has_fields else (),
    )


def lists(**options: object) -> st.SearchStrategy[list[OtpAccount]]:
    return st.lists(accounts(**options), max_size=6)  # type: ignore[arg-type]
