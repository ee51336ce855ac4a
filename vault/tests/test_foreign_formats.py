"""Formats that are only read: round trips through writers of the tests, and refusals."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vault.formats import (
    android_preferences,
    bitwarden,
    detection,
    ente,
    freeotp,
    java_map,
    kdf,
    lastpass,
    proton,
    raivo,
    steam,
    stratum,
    totp_authenticator,
    twofas,
    twofauth,
)
from vault.formats.account import OtpAccount, tidy
from vault.formats.refusals import FormatRefusal
from vault.tests import foreign
from vault.tests.foreign import PASSWORD

# Names as people write them: any script, emoji, quotes, colons, signs of every format.
NAME = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=40
).map(tidy)
ISSUER = NAME.filter(lambda name: name != "Steam")


def accounts(
    *,
    kinds: Sequence[str] = ("totp", "hotp", "steam"),
    names: st.SearchStrategy[str] = NAME,
    issuers: st.SearchStrategy[str] = ISSUER,
    algorithms: Sequence[str] = ("SHA1", "SHA256", "SHA512"),
) -> st.SearchStrategy[list[OtpAccount]]:
    def make(kind: str, period: int, counter: int, **parts: Any) -> OtpAccount:
        return OtpAccount(
            kind,
            period=30 if kind != "totp" else period,
            counter=counter if kind == "hotp" else 0,
            **parts,
        )

    return st.lists(
        st.builds(
            make,
            kind=st.sampled_from(kinds),
            secret=st.binary(min_size=1, max_size=64),
            issuer=issuers,
            name=names,
            algorithm=st.sampled_from(algorithms),
            digits=st.integers(6, 10),
            period=st.integers(1, 2_147_483),
            counter=st.integers(0, 2**53),
        ),
        min_size=1,
        max_size=4,
    )


# Names that a URI carries without doubt: no colon, which parts issuer and account there.
URI_NAME = NAME.map(lambda name: tidy(name.replace(":", "")))
URI_ISSUER = URI_NAME.filter(lambda name: bool(name) and name != "Steam")


WRITERS: dict[str, tuple[Callable[[list[OtpAccount]], bytes], Any, dict[str, Any]]] = {
    "2fas": (foreign.twofas, twofas.read, {}),
    "2fauth": (foreign.twofauth, twofauth.read, {}),
    "freeotp": (foreign.freeotp_plus, freeotp.read, {"kinds": ("totp", "hotp")}),
    "freeotp settings": (foreign.freeotp_settings, freeotp.read, {"kinds": ("totp", "hotp")}),
    "freeotp backup": (
        foreign.freeotp_backup,
        lambda data: freeotp.read(data, password=PASSWORD),
        {"kinds": ("totp", "hotp")},
    ),
    "raivo": (foreign.raivo, raivo.read, {"kinds": ("totp", "hotp")}),
    "stratum": (foreign.stratum, stratum.read, {}),
    "lastpass": (foreign.lastpass, lastpass.read, {"kinds": ("totp",)}),
    "totp authenticator": (
        foreign.totp_authenticator,
        totp_authenticator.read,
        {"kinds": ("totp",), "algorithms": ("SHA1",)},
    ),
    "bitwarden": (
        foreign.bitwarden,
        bitwarden.read,
        {"names": URI_NAME.filter(bool), "issuers": URI_ISSUER},
    ),
    "ente": (foreign.ente, ente.read, {"names": URI_NAME, "issuers": URI_ISSUER}),
    "proton": (
        foreign.proton,
        proton.read,
        {"kinds": ("totp",), "names": URI_NAME, "issuers": URI_ISSUER},
    ),
}


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.data())
def test_reads_back_what_was_written(name: str, random: st.DataObject) -> None:
    write, read, domain = WRITERS[name]
    rows = random.draw(accounts(**domain))
    content = write(rows)

    assert list(read(content).accounts) == rows
    password = PASSWORD if name == "freeotp backup" else None
    assert detection.read(content, password=password).accounts == tuple(rows)


ADA = OtpAccount("totp", b"ada's own secret", issuer="GitHub", name="ada")
BOB = OtpAccount("hotp", b"bob's secret", issuer="Bank", name="bob", counter=7, digits=8)
EVE = OtpAccount("steam", b"eve's secret", issuer="Steam", name="eve")
ROWS = [ADA, BOB, EVE]

SEALED: dict[str, bytes] = {
    "2fas": foreign.twofas(ROWS, PASSWORD),
    "bitwarden": foreign.bitwarden(ROWS, PASSWORD),
    "bitwarden argon2": foreign.bitwarden(ROWS, PASSWORD, kdf=1),
    "proton": foreign.proton([ADA, replace(EVE, issuer="Steam")], PASSWORD),
    "ente": foreign.ente(ROWS, PASSWORD),
    "freeotp": foreign.freeotp_backup([ADA, BOB]),
    "stratum": foreign.stratum(ROWS, PASSWORD),
    "stratum legacy": foreign.stratum(ROWS, PASSWORD, legacy=True),
    "raivo": foreign.raivo_zip([ADA, BOB]),
    "totp_authenticator": foreign.totp_authenticator([ADA], PASSWORD),
    "authy": foreign.authy([ADA], PASSWORD),
}


def reason_of(data: bytes, *, name: str = "", password: str | None = None) -> str:
    try:
        detection.read(data, name=name, password=password)
    except FormatRefusal as refusal:
        return refusal.reason
    return ""


class TestProtectedFiles:
    @pytest.mark.parametrize("name", SEALED)
    def test_asks_opens_and_refuses_a_wrong_password(self, name: str) -> None:
        content = SEALED[name]

        assert reason_of(content) == "password needed"
        assert reason_of(content, password="not it") == "wrong password"
        read = detection.read(content, password=PASSWORD)
        assert ADA in read.accounts
        assert read.refused == ()

    def test_opens_a_file_that_was_made_without_a_password(self) -> None:
        content = foreign.totp_authenticator([ADA])

        assert detection.read(content).accounts == (ADA,)

    def test_opens_what_the_old_protection_of_zips_holds(self) -> None:
        # Made by Info-ZIP's "zip -e": a list of links as Authenticator Plus writes it.
        assert reason_of(OLD_ZIP) == "password needed"
        assert reason_of(OLD_ZIP, password="not it") == "wrong password"
        assert detection.read(OLD_ZIP, password="secret").accounts[0].issuer == "GitHub"

    def test_refuses_an_export_that_is_bound_to_the_account(self) -> None:
        content = foreign.encoded({"encrypted": True, "items": [{"name": "2.a|b|c"}]})

        assert reason_of(content, password=PASSWORD) == "restricted"


OLD_ZIP = base64.b64decode(
    "UEsDBBQACQAIAIJZeF32GORMVAAAAEoAAAAMABwAQWNjb3VudHMudHh0VVQJAAMDcQVrA3EFa3V4CwABBAAAAAAE"
    "AAAAABS0VC4Cax73tK77uNt5Fgx5hRcHoj29kT/OdG9AbOWbCTlIFtmijQ5pmMRNvd+hUIdOjkPygCs/fN1VBuDP"
    "YViiRrjI6cbxVy6QoPRWbpzOReZ/3VBLBwj2GORMVAAAAEoAAABQSwECHgMUAAkACACCWXhd9hjkTFQAAABKAAAA"
    "DAAYAAAAAAABAAAApIEAAAAAQWNjb3VudHMudHh0VVQFAAMDcQVrdXgLAAEEAAAAAAQAAAAAUEsFBgAAAAABAAEA"
    "UgAAAKoAAAAAAA=="
)


class TestWhatComesAlong:
    def test_takes_groups_notes_and_favourites(self) -> None:
        row = replace(ADA, note="first\nsecond", favourite=True, categories=("Work",))

        for write in (foreign.bitwarden, foreign.ente):
            assert detection.read(write([row])).accounts == (row,)
        assert detection.read(foreign.stratum([row])).accounts[0].categories == ("Work",)
        assert detection.read(foreign.twofas([row])).accounts[0].categories == ("Work",)
        assert detection.read(foreign.lastpass([row])).groups == ("Work",)

    def test_keeps_the_former_issuer_of_a_renamed_service(self) -> None:
        document = json.loads(foreign.twofas([ADA]))
        document["services"][0]["name"] = "My forge"

        account = twofas.read(foreign.encoded(document)).accounts[0]

        assert (account.issuer, account.note) == ("My forge", "GitHub")

    def test_counts_what_was_deleted_in_ente(self) -> None:
        content = foreign.ente([ADA]).replace(
            b"%22trashed%22%3A%20false", b"%22trashed%22%3A%20true"
        )

        read = ente.read(content)

        assert read.accounts == ()
        assert [row.reason.reason for row in read.refused] == ["deleted"]

    def test_reads_the_oldest_form_of_ente(self) -> None:
        uri = "otpauth://totp/GitHub:ada?secret=MFSGCJ3TEBXXO3RAONSWG4TFOQ&issuer=GitHubperiod"
        content = foreign.encoded({"items": [{"rawData": uri, "display": {"pinned": True}}]})

        account = detection.read(content).accounts[0]

        assert (account.issuer, account.secret, account.favourite) == ("GitHub", ADA.secret, True)

    def test_leaves_out_whatever_else_a_password_vault_holds(self) -> None:
        document = json.loads(foreign.bitwarden([ADA]))
        document["items"] += [
            {"type": 1, "name": "No second factor", "login": {"password": "hidden"}},
            {"type": 1, "name": "Nothing", "login": None},
            {"type": 2, "name": "Note", "notes": "hidden"},
            {"type": 3, "name": "Card", "card": {"number": "hidden"}},
        ]

        read = bitwarden.read(foreign.encoded(document))

        assert read.accounts == (ADA,)
        assert "hidden" not in repr(read)

    def test_takes_bare_secrets_and_steam_links_of_bitwarden(self) -> None:
        document = json.loads(foreign.bitwarden([ADA, EVE]))
        document["items"][0]["login"]["totp"] = "mfsg cj3t ebxx o3ra onsw g4tf oq"
        document["items"][1]["login"]["totp"] = f"steam://{foreign.base32(EVE)}"

        assert bitwarden.read(foreign.encoded(document)).accounts == (ADA, EVE)

    def test_reads_the_page_that_stratum_writes(self) -> None:
        uri = "otpauth://totp/GitHub:ada?secret=MFSGCJ3TEBXXO3RAONSWG4TFOQ&amp;issuer=GitHub"
        content = f"<!doctype html><html><body><code>{uri}</code></body></html>".encode()

        assert detection.detect(content) == "stratum"
        assert detection.read(content).accounts == (ADA,)

    def test_takes_the_label_of_winauth_for_the_service(self) -> None:
        uri = b"otpauth://totp/GitHub?secret=MFSGCJ3TEBXXO3RAONSWG4TFOQ&digits=6\r\n"

        for content in (uri, foreign.zipped({"export.txt": uri})):
            account = detection.read(content, name="winauth").accounts[0]
            assert (account.issuer, account.name) == ("GitHub", "")

    def test_reads_a_steam_account_and_drops_what_confirms_trades(self) -> None:
        content = foreign.encoded(
            {
                "shared_secret": foreign.b64(EVE.secret),
                "account_name": "eve",
                "identity_secret": "hidden",
            }
        )

        assert steam.read(content).accounts == (EVE,)


def changed(content: bytes, **values: Any) -> bytes:
    return foreign.encoded({**json.loads(content), **values})


class TestRefusals:
    def test_reports_one_bad_entry_beside_the_good_ones(self) -> None:
        document = json.loads(foreign.raivo([ADA, BOB]))
        document += [
            {**document[0], "secret": "not base32!"},
            {**document[0], "algorithm": "MD5"},
            {**document[0], "kind": "MOTP"},
            {**document[0], "digits": "eleven"},
            {**document[0], "timer": "0"},
            "not an entry",
        ]

        read = raivo.read(foreign.encoded(document))

        assert read.accounts == (ADA, BOB)
        reasons = [row.reason.reason for row in read.refused]
        assert reasons == ["secret", "algorithm", "type", "digits", "period", "damaged"]
        assert read.refused[0].label == "GitHub – ada"

    def test_never_names_a_secret_in_a_refusal(self) -> None:
        document = json.loads(foreign.raivo([ADA]))
        document[0]["secret"] = "not-base32-but-secret!"

        assert "not-base32" not in repr(raivo.read(foreign.encoded(document)))

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\0" * 100,
            b"just words",
            b"{}",
            b"[1, 2]",
            b'{"version": 1}',
            b"<html></html>",
            b"a,b,c\n1,2,3\n",
        ],
    )
    def test_knows_what_it_does_not_know(self, content: bytes) -> None:
        assert reason_of(content) == "unknown format"

    @pytest.mark.parametrize("name", detection.FORMATS)
    def test_refuses_nonsense_in_the_name_of_each_format(self, name: str) -> None:
        for content in (b"", b"\0" * 64, b"{}", b"[]", b"[[]]", b"<map/>", b"PK\x03\x04", b"null"):
            try:
                read = detection.read(content, name=name, password=PASSWORD)
            except FormatRefusal:
                continue
            assert read.accounts == ()

    def test_refuses_schemas_of_the_future(self) -> None:
        assert reason_of(changed(foreign.twofas(ROWS), schemaVersion=5)) == "unknown format"
        assert reason_of(changed(foreign.proton([ADA]), version=2)) == "unknown format"


class TestBounds:
    def test_refuses_a_cost_beyond_the_bounds_before_deriving(self) -> None:
        pbkdf2 = SEALED["bitwarden"]
        argon2 = SEALED["bitwarden argon2"]
        parameters = {"memLimit": 2**40, "opsLimit": 2, "salt": foreign.b64(b"s" * 16)}

        for content in (
            changed(pbkdf2, kdfIterations=10_000_001),
            changed(argon2, kdfMemory=2048),
            changed(argon2, kdfIterations=1_000_000),
            changed(argon2, kdfParallelism=1000, kdfMemory=1000),
            changed(SEALED["ente"], kdfParams=parameters),
        ):
            assert reason_of(content, password=PASSWORD) == "too expensive"

    def test_refuses_more_memory_than_this_process_may_take(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kdf, "memory_ceiling", 32 * 1024 * 1024)

        assert reason_of(SEALED["stratum"], password=PASSWORD) == "too much memory"

    def test_refuses_senseless_costs_as_damage(self) -> None:
        for values in ({"kdfIterations": 0}, {"kdfIterations": -1}, {"kdfParallelism": 0}):
            content = changed(SEALED["bitwarden argon2"], **values)
            assert reason_of(content, password=PASSWORD) == "damaged"

    def test_bounds_what_a_zip_unpacks_to(self) -> None:
        bomb = foreign.zipped({"raivo-otp-export.json": b" " * (17 * 1024 * 1024)})
        lying = bomb.replace((17 * 1024 * 1024).to_bytes(4, "little"), (1000).to_bytes(4, "little"))

        assert len(bomb) < 100_000
        assert reason_of(bomb) == "too large"
        assert reason_of(lying) in ("too large", "damaged")

    def test_bounds_the_members_of_a_zip(self) -> None:
        crowd = foreign.zipped({f"{number}.txt": b"" for number in range(51)})

        assert reason_of(crowd) == "too large"

    def test_expands_no_entities_and_reads_no_document_type(self) -> None:
        bomb = b"""<?xml version="1.0"?><!DOCTYPE map [<!ENTITY a "aaaaaaaaaa">
            <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
            <map><string name="tokenOrder">&b;&c;</string></map>"""

        with pytest.raises(FormatRefusal, match="damaged"):
            android_preferences.read_strings(bomb)
        assert detection.detect(bomb) == ""

    def test_looks_up_no_class_of_java(self) -> None:
        evil = foreign.java_map({}).replace(b"java.util.HashMap", b"java.util.Hashtab")

        with pytest.raises(FormatRefusal, match="damaged"):
            java_map.read(evil)

    def test_reads_long_and_repeated_strings_of_java(self) -> None:
        long = "é😀\0" * 30_000
        content = foreign.java_map({"key": long})
        assert java_map.read(content) == {"key": long}

        reference = b"\x71" + (0x7E0002).to_bytes(4)
        again = content.replace(b"\x7c", b"\x7c", 1)
        start = again.index(b"\x7c")
        assert java_map.read(again[:start] + reference + b"\x78") == {"key": "key"}

    def test_reads_no_table_with_code_in_it(self) -> None:
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE base (email TEXT, secret TEXT)")
        connection.execute(
            "CREATE VIEW accounts AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
            " SELECT i AS email, hex(randomblob(1000)) AS secret FROM n"
        )
        content = connection.serialize()
        connection.close()

        assert reason_of(content) in ("unknown format", "damaged")

    def test_bounds_how_deep_json_goes(self) -> None:
        deep = b'{"schemaVersion": 4, "services": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

        assert reason_of(deep) == "unknown format"
        assert reason_of(deep, name="2fas") == "damaged"

    def test_takes_no_more_than_ten_thousand_entries(self) -> None:
        rows = json.loads(foreign.raivo([ADA])) * 10_001

        assert reason_of(foreign.encoded(rows)) == "too many"

    def test_cuts_endless_notes(self) -> None:
        row = replace(ADA, note="x" * 100_000)

        account = detection.read(foreign.bitwarden([row])).accounts[0]

        assert len(account.note) == 15_000
