"""A geo database of documentation addresses, for tests, the demo and benches."""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import netaddr
from mmdb_writer import MMDBWriter

# Each place: country, city, degrees, accuracy radius in kilometres.
PLACES: dict[str, tuple[str, str, str, float, float, int]] = {
    "203.0.113.0/28": ("DE", "Germany", "Berlin", 52.5, 13.4, 20),
    "203.0.113.16/28": ("DE", "Germany", "Potsdam", 52.4, 13.1, 20),
    "203.0.113.32/28": ("DE", "Germany", "Munich", 48.1, 11.6, 10),
    "203.0.113.64/28": ("DE", "Germany", "", 51.3, 9.5, 2000),
    "198.51.100.0/28": ("ES", "Spain", "Madrid", 40.4, -3.7, 20),
    "198.51.100.16/28": ("SG", "Singapore", "Singapore", 1.4, 103.8, 20),
    "198.51.100.32/28": ("NL", "Netherlands", "Amsterdam", 52.4, 4.9, 20),
    "192.0.2.0/28": ("US", "United States", "New York", 40.7, -74.0, 20),
    "2001:db8:1::/48": ("DE", "Germany", "Berlin", 52.5, 13.4, 20),
    "2001:db8:2::/48": ("SG", "Singapore", "Singapore", 1.4, 103.8, 20),
}
NETWORKS = {
    "203.0.113.0/24": (64500, "Example Telecom"),
    "198.51.100.0/24": (64501, "Example Cable"),
    "192.0.2.0/24": (14061, "Example Hosting"),
}
BERLIN, POTSDAM, MUNICH, VAGUE = "203.0.113.1", "203.0.113.17", "203.0.113.33", "203.0.113.65"
MADRID, SINGAPORE, AMSTERDAM = "198.51.100.1", "198.51.100.17", "198.51.100.33"
NEW_YORK, NOWHERE = "192.0.2.1", "192.0.2.200"
BERLIN6, SINGAPORE6 = "2001:db8:1::1", "2001:db8:2::1"


class Writer(MMDBWriter):
    """One that may say that its database is older than it is."""

    built_at: float = 0

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(self.built_at or time.time())}


def write_city(path: Path, *, built_at: float = 0) -> Path:
    writer = Writer(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True)
    writer.built_at = built_at
    for network, (code, country, city, latitude, longitude, radius) in PLACES.items():
        record: dict[str, Any] = {
            "country": {"iso_code": code, "names": {"en": country}},
            "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": radius},
        }
        if city:
            record["city"] = {"names": {"en": city}}
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def write_asn(path: Path) -> Path:
    writer = Writer(6, "GeoLite2-ASN", languages=["en"], ipv4_compatible=True)
    for network, (number, name) in NETWORKS.items():
        record = {"autonomous_system_number": number, "autonomous_system_organization": name}
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


@functools.lru_cache(maxsize=1)
def databases() -> dict[str, str]:
    """Both databases, made once, as the settings name them."""
    folder = Path(tempfile.mkdtemp(prefix="authnode-geo-"))
    return {
        "GEOIP_CITY_DATABASE": str(write_city(folder / "city.mmdb")),
        "GEOIP_ASN_DATABASE": str(write_asn(folder / "asn.mmdb")),
    }
