"""Small geo databases of documentation addresses, for the demo, tests and benches.

Nobody on the Internet has one of these addresses, so that they say nothing about anybody.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import maxminddb
import netaddr
from mmdb_writer import MMDBWriter

from core import geo

# What the database of the demo calls itself, so that it is never taken for an operator's.
SAMPLE = "AuthNode-Sample"
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
    records: dict[str, dict[str, Any]] = {}
    for network, (code, country, city, latitude, longitude, radius) in PLACES.items():
        records[network] = {
            "country": {"iso_code": code, "names": {"en": country}},
            "location": {"latitude": latitude, "longitude": longitude, "accuracy_radius": radius},
        }
        if city:
            records[network]["city"] = {"names": {"en": city}}
    return _write(path, f"{SAMPLE}-City", records, built_at=built_at)


def write_asn(path: Path, *, built_at: float = 0) -> Path:
    records = {
        network: {"autonomous_system_number": number, "autonomous_system_organization": name}
        for network, (number, name) in NETWORKS.items()
    }
    return _write(path, f"{SAMPLE}-ASN", records, built_at=built_at)


def install(*, at: datetime) -> bool:
    """Put both where they are looked for; False when databases of the operator's are there."""
    kinds = {geo.CITY: write_city, geo.ASN: write_asn}
    targets = {kind: geo.path_of(kind) or geo.default_path(kind) for kind in kinds}
    if not all(_is_free(path) for path in targets.values()):
        return False
    for kind, write in kinds.items():
        target = targets[kind]
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".geoip-") as folder:
            new = write(Path(folder) / "new.mmdb", built_at=at.timestamp())
            new.chmod(0o644)
            new.replace(target)
    return True


def _is_free(path: Path) -> bool:
    """Whether nothing is there, or an earlier sample."""
    if not path.exists():
        return True
    try:
        with maxminddb.open_database(path) as reader:
            return reader.metadata().database_type.startswith(SAMPLE)
    except Exception:  # noqa: BLE001 - a damaged file makes the reader raise anything
        # Not ours, whatever is wrong with it.
        return False


def _write(path: Path, kind: str, records: Mapping[str, Any], *, built_at: float) -> Path:
    writer = Writer(6, kind, languages=["en"], ipv4_compatible=True)
    writer.built_at = built_at
    for network, record in records.items():
        writer.insert_network(netaddr.IPSet([network]), record)
    writer.to_db_file(str(path))
    return path
