"""What each format writes, it reads back field by field."""

from __future__ import annotations

import csv
import io
import unittest
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.figures import rounds
from vault.formats import (
    aegis,
    andotp,
    authnode_json,
    container,
    csv_table,
    google_migration,
    otpauth_list,
    uri_list,
)
from vault.formats.account import OtpAccount
from vault.tests.made_accounts import TEXTS, accounts, lists

# Under `make figures` with many more rounds.
pytestmark = pytest.mark.figures

# A derivation a round is dear; the content has its own rounds.
SEALED = settings(max_examples=rounds(3, 200), deadline=None)
MANY = settings(max_examples=rounds(30, 10_000), deadline=None)
PICTURE = b"\x89PNG\r\n\x1a\n and so on"


class RoundTrips(unittest.TestCase):
    @MANY
    @given(lists(has_extras=True, has_categories=True))
    def test_aegis(self, rows: list[OtpAccount]) -> None:
        written = b"".join(aegis.write(rows))

        assert aegis.recognises(written)
        read = aegis.read(written)
        assert list(read.accounts) == rows
        assert set(read.groups) == {title for row in rows for title in row.categories}

    @SEALED
    @given(lists(has_extras=True, has_categories=True), st.text(min_size=1).filter(str.isprintable))
    def test_aegis_with_a_password(self, rows: list[OtpAccount], password: str) -> None:
        written = aegis.write_sealed(rows, password)

        assert aegis.recognises(written)
        assert aegis.is_sealed(written)
        assert list(aegis.read(written, password=password).accounts) == rows

    @MANY
    @given(lists(has_steam_periods=False, has_categories=True))
    def test_andotp(self, rows: list[OtpAccount]) -> None:
        rows = [replace(row, favourite=False) for row in rows]

        written = b"".join(andotp.write(rows))

        assert andotp.recognises(written)
        assert list(andotp.read(written).accounts) == rows

    @SEALED
    @given(lists(has_steam_periods=False), st.text(min_size=6).filter(str.isprintable))
    def test_andotp_with_a_password(self, rows: list[OtpAccount], password: str) -> None:
        written = andotp.write_sealed(rows, password)

        assert andotp.recognises(written)
        assert list(andotp.read(written, password=password).accounts) == rows

    @MANY
    @given(lists(has_categories=True), st.booleans())
    def test_csv(self, rows: list[OtpAccount], exact_cells: bool) -> None:
        written = b"".join(csv_table.write(rows, exact_cells=exact_cells))

        assert csv_table.recognises(written)
        assert list(csv_table.read(written).accounts) == rows

    @MANY
    @given(lists(has_colons=False), st.booleans())
    def test_lists_of_uris(self, rows: list[OtpAccount], compatible: bool) -> None:
        # Five digits of an issuer called Steam are Steam's own spelling of its codes.
        rows = [row for row in rows if row.issuer != "Steam"]
        if compatible:
            rows = [row for row in rows if not row.is_steam]
        assume(rows)

        written = b"".join(otpauth_list.write(rows, compatible_steam=compatible))

        assert otpauth_list.recognises(written)
        assert list(otpauth_list.read(written).accounts) == rows

    @MANY
    @given(lists(types=("totp", "hotp"), digits=(6, 8), has_periods=False, has_colons=False))
    def test_google_migration(self, rows: list[OtpAccount]) -> None:
        reading = uri_list.read_uris(google_migration.write(rows))

        assert reading.accounts == rows
        assert reading.refused == [] and reading.missing == []

    @MANY
    @given(lists(has_extras=True, has_categories=True, has_fields=True))
    def test_authnode_json_loses_nothing(self, rows: list[OtpAccount]) -> None:
        looks = {"website": "https://a.example", "icon": "github", "tint": 4, "picture": PICTURE}
        rows = [replace(row, **looks) for row in rows]  # type: ignore[arg-type]
        titles = ["Empty", *{title for row in rows for title in row.categories}]

        written = b"".join(authnode_json.write(rows, categories=titles))

        assert authnode_json.recognises(written)
        read = authnode_json.read(written)
        assert list(read.accounts) == rows
        assert set(read.groups) == set(titles)

    @SEALED
    @given(st.binary(max_size=200_000), st.sampled_from([container.SCRYPT, container.PBKDF2]))
    def test_the_container(self, content: bytes, derivation: str) -> None:
        sealing = container.make_sealing("pässwörd 🔐", derivation=derivation, extension="csv")
        pieces = [content[start : start + 7000] for start in range(0, len(content), 7000)]

        written = b"".join(container.write(pieces, sealing))

        assert container.recognises(written)
        opened = container.open_all(written, password="pässwörd 🔐")
        assert (opened.content, opened.extension) == (content, "csv")


class Cells(unittest.TestCase):
    @MANY
    @given(st.one_of(TEXTS, st.text(st.sampled_from("'= +-@\t\r\nx"), max_size=8)))
    def test_are_restored_exactly(self, cell: str) -> None:
        written = csv_table.neutralise(cell)

        assert csv_table.restore(written) == cell
        assert written.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "\0")

    @MANY
    @given(accounts(has_categories=True))
    def test_no_cell_of_a_table_is_run(self, account: OtpAccount) -> None:
        written = b"".join(csv_table.write([account])).decode()

        for row in csv.reader(io.StringIO(written, newline="")):
            assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@")) for cell in row)
