"""When a geo database counts, and what a fetched one must be to take its place."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import netaddr
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from mmdb_writer import MMDBWriter

from core import geo, geo_update, tasks

NOW = datetime.now(UTC)
BERLIN = {
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "city": {"names": {"en": "Berlin"}},
    "location": {"latitude": 52.5, "longitude": 13.4, "accuracy_radius": 20},
}
TELECOM = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"}


class Writer(MMDBWriter):
    """One that may say that its database is older than it is."""

    built_at: float

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(self.built_at)}


def write(
    path: Path,
    record: dict[str, Any] | None = None,
    kind: str = "GeoLite2-City",
    built_at: float = 0,
) -> Path:
    writer = Writer(6, kind, languages=["en"], ipv4_compatible=True)
    writer.built_at = built_at or time.time()
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), record or BERLIN)
    writer.insert_network(netaddr.IPSet(["2001:db8:1::/48"]), record or BERLIN)
    writer.to_db_file(str(path))
    return path


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Path]:
    path = write(tmp_path / "city.mmdb")
    with override_settings(GEOIP_CITY_DATABASE=str(path)):
        yield path


def test_says_in_what_state_it_is(city: Path, tmp_path: Path) -> None:
    assert geo.state(geo.CITY, at=NOW).status == geo.READY
    assert geo.state(geo.CITY, at=NOW + timedelta(days=61)).status == geo.OLD
    assert geo.state(geo.ASN, at=NOW).status == geo.OFF
    with override_settings(GEOIP_ASN_DATABASE=str(tmp_path / "none.mmdb")):
        assert geo.state(geo.ASN, at=NOW).status == geo.MISSING
    with override_settings(GEOIP_ASN_DATABASE=str(city)):
        assert geo.state(geo.ASN, at=NOW).status == geo.UNREADABLE
        assert geo.network_of("203.0.113.7") is None


def test_evaluates_nothing_with_an_old_database(city: Path) -> None:
    assert geo.locate("203.0.113.7", at=NOW + timedelta(days=59)) is not None
    assert geo.locate("203.0.113.7", at=NOW + timedelta(days=61)) is None


def test_finds_ipv6_and_mapped_addresses(city: Path) -> None:
    for address in ("2001:db8:1::7", "::ffff:203.0.113.7"):
        place = geo.locate(address)
        assert place is not None
        assert place.country_code == "DE"


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "0.0.0.0",  # noqa: S104 - an address to look up, nothing listens on it
    ],
)
def test_a_private_address_is_nowhere(tmp_path: Path, address: str) -> None:
    writer = MMDBWriter(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True)
    writer.insert_network(netaddr.IPSet(["0.0.0.0/1", "128.0.0.0/1", "fc00::/7"]), BERLIN)
    writer.to_db_file(str(tmp_path / "all.mmdb"))

    with override_settings(GEOIP_CITY_DATABASE=str(tmp_path / "all.mmdb")):
        assert geo.locate(address) is None
        assert geo.locate("203.0.113.7") is not None


def test_names_a_network(tmp_path: Path) -> None:
    path = write(tmp_path / "asn.mmdb", TELECOM, "GeoLite2-ASN")

    with override_settings(GEOIP_ASN_DATABASE=str(path)):
        assert geo.network_of("203.0.113.7") == geo.Network(64500, "Example Net")
        assert geo.network_of("198.51.100.7") is None


@pytest.mark.parametrize(
    "record",
    [
        {"location": {"latitude": "north", "longitude": 13.4}},
        {"location": {"latitude": 91.0, "longitude": 13.4}},
        {"location": {"latitude": 52.5}},
        {"country": {"iso_code": "DE\n", "names": {"en": "Ger\x1b[31mmany"}}},
    ],
)
def test_believes_no_nonsense_of_a_file(tmp_path: Path, record: dict[str, Any]) -> None:
    path = write(tmp_path / "odd.mmdb", record)

    with override_settings(GEOIP_CITY_DATABASE=str(path)):
        place = geo.locate("203.0.113.7")

    assert place is not None
    assert place.latitude is None
    assert place.longitude is None
    assert place.country.isprintable()


def test_a_reader_that_fails_breaks_nothing(city: Path) -> None:
    # Valid metadata at the end, and a tree that leads into nonsense.
    content = bytearray(city.read_bytes())
    marker = content.rindex(b"\xab\xcd\xefMaxMind.com")
    content[: marker - 200] = bytes([0x77]) * (marker - 200)
    city.write_bytes(content)

    assert geo.locate("203.0.113.7") is None


class Shelf(ThreadingHTTPServer):
    """A server on this machine that hands out what the test puts on it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        shelf = self.server
        assert isinstance(shelf, Shelf)
        shelf.asked.append((self.path, self.headers["Authorization"]))
        if self.path in shelf.redirects:
            self.send_response(302)
            self.send_header("Location", shelf.redirects[self.path])
            self.end_headers()
            return
        content = shelf.files.get(self.path)
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = Shelf()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def packed(path: Path) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        archive.add(path, arcname="GeoLite2-City_20260101/GeoLite2-City.mmdb")
    return held.getvalue()


def fetch(shelf: Shelf, content: bytes) -> datetime:
    shelf.files["/city"] = content
    return geo_update.update(geo_update.Source(geo.CITY, shelf.url("/city")), at=NOW)


def newer(tmp_path: Path, name: str = "Potsdam", built_at: float = 0) -> bytes:
    record = {**BERLIN, "city": {"names": {"en": name}}}
    return write(tmp_path / "newer.mmdb", record, built_at=built_at).read_bytes()


@pytest.mark.parametrize("form", ["plain", "gzip", "tar"])
def test_swaps_in_what_is_good(shelf: Shelf, city: Path, tmp_path: Path, form: str) -> None:
    content = newer(tmp_path)
    forms = {
        "plain": content,
        "gzip": gzip.compress(content),
        "tar": packed(tmp_path / "newer.mmdb"),
    }

    built_at = fetch(shelf, forms[form])

    assert abs(built_at - NOW) < timedelta(minutes=5)
    place = geo.locate("203.0.113.7")
    assert place is not None
    assert place.city == "Potsdam"
    assert [path.name for path in city.parent.iterdir() if path.name.startswith(".geoip")] == []


def test_keeps_the_old_one_otherwise(shelf: Shelf, city: Path, tmp_path: Path) -> None:
    kept, good = city.read_bytes(), newer(tmp_path)
    asn = write(tmp_path / "asn.mmdb", TELECOM, "GeoLite2-ASN").read_bytes()
    old = newer(tmp_path, built_at=time.time() - 61 * 86400)
    older = newer(tmp_path, built_at=time.time() - 86400)
    bad = {
        "empty": b"",
        "a page": b"<html>Sign in first</html>",
        "cut short": good[: len(good) // 2],
        "cut short and packed": gzip.compress(good)[:-9],
        "another kind": asn,
        "old": old,
        "older than the present one": older,
        "an archive without a database": packed(tmp_path / "newer.mmdb").replace(b"x", b"y")[:40],
    }

    for name, content in bad.items():
        with pytest.raises(geo_update.UpdateRefused):
            fetch(shelf, content)
        assert city.read_bytes() == kept, name


def test_refuses_one_that_shrank(shelf: Shelf, city: Path, tmp_path: Path) -> None:
    writer = MMDBWriter(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True)
    for number in range(200):
        record = {**BERLIN, "city": {"names": {"en": f"Town {number}"}}}
        writer.insert_network(netaddr.IPSet([f"203.0.{number}.0/24"]), record)
    writer.to_db_file(str(city))

    with pytest.raises(geo_update.UpdateRefused, match="half"):
        fetch(shelf, newer(tmp_path))


def test_checks_what_maxmind_says_it_hashes_to(shelf: Shelf, city: Path, tmp_path: Path) -> None:
    newer(tmp_path)
    content = packed(tmp_path / "newer.mmdb")
    path = "/download?suffix=tar.gz"
    source = geo_update.Source(geo.CITY, shelf.url(path), ("12345", "the-key"))
    shelf.files = {path: content, f"{path}.sha256": b"0" * 64 + b"  GeoLite2-City.tar.gz"}
    with pytest.raises(geo_update.UpdateRefused, match="checksum"):
        geo_update.update(source, at=NOW)

    shelf.files[f"{path}.sha256"] = hashlib.sha256(content).hexdigest().encode()
    geo_update.update(source, at=NOW)

    assert all(basic and basic.startswith("Basic ") for _, basic in shelf.asked)


def test_hands_the_key_to_nobody_it_is_sent_on_to(shelf: Shelf, city: Path, tmp_path: Path) -> None:
    shelf.redirects["/city"] = shelf.url("/elsewhere")
    shelf.files["/elsewhere"] = newer(tmp_path)
    source = geo_update.Source(geo.CITY, shelf.url("/city"), ("12345", "the-key"))

    geo_update.update(source, at=NOW)

    assert [path for path, _ in shelf.asked] == ["/city", "/elsewhere"]
    assert shelf.asked[1][1] is None


def test_goes_nowhere_but_to_https(shelf: Shelf, city: Path) -> None:
    for url in ("http://example.com/city", "file:///etc/passwd", "ftp://example.com/x"):
        with pytest.raises(geo_update.UpdateRefused, match="https"):
            geo_update.update(geo_update.Source(geo.CITY, url), at=NOW)
    shelf.redirects["/city"] = "http://example.com/city"
    with pytest.raises(geo_update.UpdateRefused, match="https"):
        geo_update.update(geo_update.Source(geo.CITY, shelf.url("/city")), at=NOW)


def test_the_command_says_what_came_of_it(
    shelf: Shelf, city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="No source"):
        call_command("update_geoip")
    secret_url = shelf.url("/city?key=s3cret")
    with override_settings(GEOIP_CITY_URL=secret_url):
        with pytest.raises(CommandError):
            call_command("update_geoip")
        assert "answered 404" in capsys.readouterr().err
        shelf.files["/city?key=s3cret"] = newer(tmp_path)
        call_command("update_geoip")

    said = capsys.readouterr()
    assert "city: updated" in said.out
    assert "s3cret" not in said.out + said.err


def test_the_task_complains_in_the_log_only(
    shelf: Shelf, city: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(GEOIP_CITY_URL=shelf.url("/city?key=s3cret")):
        tasks.update_geoip()

    assert "stays as it is" in caplog.text
    assert "s3cret" not in caplog.text


def test_asks_maxmind_with_the_operators_key() -> None:
    with override_settings(GEOIP_ACCOUNT_ID="12345", GEOIP_LICENSE_KEY="k"):
        found = geo_update.sources()

    assert [(source.kind, source.basic) for source in found] == [
        (geo.CITY, ("12345", "k")),
        (geo.ASN, ("12345", "k")),
    ]
    assert all(source.url.startswith("https://download.maxmind.com/") for source in found)
    assert "the-key" not in repr(found)
