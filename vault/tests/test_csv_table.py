from __future__ import annotations

import csv
import io
import unittest

from vault.formats import csv_table
from vault.formats.account import OtpAccount
from vault.formats.refusals import Damaged

SECRET = "GEZDGNBVGY3TQOJQ"
BYTES = b"1234567890"
URI = f"otpauth://totp/GitHub:ada?secret={SECRET}&issuer=GitHub&digits=8"


def read_one(text: str) -> OtpAccount:
    read = csv_table.read(text.encode())
    assert [row.reason.reason for row in read.refused] == []
    (account,) = read.accounts
    return account


class Written(unittest.TestCase):
    def table(self, *rows: OtpAccount, exact_cells: bool = False) -> list[list[str]]:
        text = b"".join(csv_table.write(rows, exact_cells=exact_cells)).decode()
        return list(csv.reader(io.StringIO(text, newline="")))

    def test_has_the_columns_in_their_order(self) -> None:
        (header,) = self.table()

        assert header[:4] == ["name", "username", "secret", "issuer"]
        assert header == list(csv_table.COLUMNS)

    def test_names_an_entry_by_its_issuer_or_else_its_account(self) -> None:
        rows = self.table(OtpAccount("totp", BYTES, issuer="GitHub", name="ada"))
        rows += self.table(OtpAccount("totp", BYTES, name="ada"))[1:]

        assert [row[:2] for row in rows[1:]] == [["GitHub", "ada"], ["ada", "ada"]]

    def test_neutralises_what_a_spreadsheet_runs_unless_for_machines(self) -> None:
        evil = OtpAccount("totp", BYTES, issuer='=HYPERLINK("x")', name="@SUM(A1)")

        assert self.table(evil)[1][:2] == ['\'=HYPERLINK("x")', "'@SUM(A1)"]
        exact = self.table(evil, exact_cells=True)
        assert exact[1][:2] == ['=HYPERLINK("x")', "@SUM(A1)"]
        assert exact[0][-1] == "cells"

    def test_keeps_apostrophes_that_were_there(self) -> None:
        account = OtpAccount("totp", BYTES, issuer="'=x", name="'plain'")

        assert self.table(account)[1][:2] == ["''=x", "'plain'"]
        for exact_cells in (False, True):
            written = b"".join(csv_table.write([account], exact_cells=exact_cells))
            assert csv_table.read(written).accounts == (account,)


class Readings(unittest.TestCase):
    def test_finds_columns_by_the_names_of_others(self) -> None:
        for header, cells in (
            ("Service,Account,Secret", f"GitHub,ada,{SECRET}"),
            ("title;label;key", f"GitHub;ada;{SECRET}"),
            ("Title\tURL\tUsername\tOTPAuth", f"GitHub\thttps://x\tada\t{URI}"),
            ("folder,type,name,login_username,login_totp", f",login,GitHub,ada,{SECRET}"),
            ("url,username,password,totp,extra,name", f"x,ada,pw,{SECRET},,GitHub"),
        ):
            with self.subTest(header=header):
                account = read_one(f"\ufeff{header}\r\n{cells}\r\n")

                assert (account.issuer, account.name, account.secret) == ("GitHub", "ada", BYTES)

    def test_takes_the_name_for_the_account_where_nothing_else_is(self) -> None:
        account = read_one(f"name,secret\nada,{SECRET}")

        assert (account.issuer, account.name) == ("", "ada")

    def test_takes_a_uri_with_all_that_it_says(self) -> None:
        account = read_one(f"issuer,favorite,tags,uri\n,1,a; b\\;c,{URI}")

        assert (account.digits, account.issuer) == (8, "GitHub")
        assert (account.favourite, account.categories) == (True, ("a", "b;c"))

    def test_takes_a_steam_link_under_the_name_of_the_item(self) -> None:
        account = read_one(f"name,login_username,login_totp\nMy Steam,ada,steam://{SECRET}")

        assert (account.type, account.issuer, account.name) == ("steam", "My Steam", "ada")

    def test_skips_rows_that_are_no_accounts(self) -> None:
        read = csv_table.read(f"name,login_totp\nBank,\n,,\n\nGitHub,{SECRET}\n".encode())

        assert (len(read.accounts), read.refused) == (1, ())

    def test_keeps_the_others_when_one_row_is_bad(self) -> None:
        read = csv_table.read(
            f"issuer,secret,algorithm\nA,{SECRET},MD5\nB,{SECRET},\nC,,\nD,0189,\n".encode()
        )

        assert [account.issuer for account in read.accounts] == ["B"]
        found = [(row.label, row.reason.reason) for row in read.refused]
        assert found == [("A", "algorithm"), ("C", "empty secret"), ("D", "secret")]

    def test_refuses_what_is_no_table_of_accounts(self) -> None:
        for data in (
            b"",
            b"a,b\n1,2",
            b"\xff\xfe,secret",
            b"secret\n\x00",
            b'secret\n"' + b"x" * 200_000,
        ):
            try:
                read = csv_table.read(data)
            except Damaged:
                continue
            assert read.accounts == ()
        assert not csv_table.recognises(b"a,b\n1,2")
        assert not csv_table.recognises(b"\xff\xfe,secret")
