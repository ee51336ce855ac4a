from __future__ import annotations

import os
from pathlib import Path

import netaddr
import pytest
from django.test import override_settings
from mmdb_writer import MMDBWriter

from core import geo

BERLIN = {
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "city": {"names": {"en": "Berlin"}},
    "location": {"latitude": 52.5, "longitude": 13.4, "accuracy_radius": 20},
}


def write(path: Path, city: str = "Berlin") -> None:
    writer = MMDBWriter(4, "GeoLite2-City", languages=["en"])
    record = {**BERLIN, "city": {"names": {"en": city}}}
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), record)
    writer.to_db_file(str(path))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "city.mmdb"
    write(path)
    return path


def test_names_a_place(database: Path) -> None:
    with override_settings(GEOIP_CITY_DATABASE=str(database)):
        place = geo.locate("203.0.113.7")

    assert place is not None
    assert (str(place), place.accuracy_radius) == ("Berlin, Germany", 20)


def test_evaluates_nothing_for_what_it_does_not_know(database: Path) -> None:
    with override_settings(GEOIP_CITY_DATABASE=str(database)):
        assert geo.locate("198.51.100.1") is None
        assert geo.locate("nonsense") is None


def test_evaluates_nothing_without_a_database(tmp_path: Path) -> None:
    for path in ("", str(tmp_path / "missing.mmdb")):
        with override_settings(GEOIP_CITY_DATABASE=path):
            assert geo.locate("203.0.113.7") is None


def test_goes_on_when_the_file_is_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database")

    with override_settings(GEOIP_CITY_DATABASE=str(broken)):
        assert geo.locate("203.0.113.7") is None
    assert "cannot be read" in caplog.text


def test_reads_a_replaced_file_anew(database: Path) -> None:
    with override_settings(GEOIP_CITY_DATABASE=str(database)):
        geo.locate("203.0.113.7")
        newer = database.with_suffix(".new")
        write(newer, city="Potsdam")
        os.utime(newer, ns=(1, database.stat().st_mtime_ns + 10_000_000))
        newer.replace(database)

        place = geo.locate("203.0.113.7")

    assert place is not None
    assert place.city == "Potsdam"
