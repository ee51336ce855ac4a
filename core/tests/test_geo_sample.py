"""The small databases of the demo: found without a setting, and never in anybody's way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from core import geo, geo_sample

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def var(tmp_path: Path) -> Iterator[Path]:
    with override_settings(VAR=tmp_path, GEOIP_CITY_DATABASE="", GEOIP_ASN_DATABASE=""):
        yield tmp_path


def test_are_found_where_they_lie() -> None:
    assert geo.state(geo.CITY, at=NOW).status == geo.OFF

    assert geo_sample.install(at=NOW)

    assert [geo.state(kind, at=NOW).status for kind in geo.KINDS] == [geo.READY, geo.READY]
    assert str(geo.locate(geo_sample.SINGAPORE, at=NOW)) == "Singapore, Singapore"
    network = geo.network_of(geo_sample.NEW_YORK, at=NOW)
    assert network is not None
    assert network.name == "Example Hosting"


def test_are_made_anew_when_they_are_too_old() -> None:
    geo_sample.install(at=NOW - timedelta(days=61))
    assert geo.state(geo.CITY, at=NOW).status == geo.OLD

    assert geo_sample.install(at=NOW)

    assert geo.state(geo.CITY, at=NOW).status == geo.READY


@pytest.mark.parametrize("content", [b"", b"no database at all"])
def test_leave_what_an_operator_has_put_there(var: Path, content: bytes) -> None:
    own = var / "geoip" / "asn.mmdb"
    own.parent.mkdir()
    own.write_bytes(content)

    assert not geo_sample.install(at=NOW)

    assert own.read_bytes() == content
    assert not (var / "geoip" / "city.mmdb").exists()


def test_leave_what_the_settings_name(tmp_path: Path) -> None:
    own = tmp_path / "own.mmdb"
    own.write_bytes(b"the operator's")
    with override_settings(GEOIP_CITY_DATABASE=str(own)):
        assert not geo_sample.install(at=NOW)
    assert own.read_bytes() == b"the operator's"
