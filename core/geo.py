"""Where an address is and whose network it belongs to, from local files; no look-up leaves here.

Without a database, with one that is damaged or older than sixty days, for a private address or one
without a record the answer is None: "not evaluated", neither good nor bad.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings
from django.utils import timezone

logger = logging.getLogger(__name__)

LASTS = timedelta(days=60)
CITY, ASN = "city", "asn"
KINDS = (CITY, ASN)
# What a database of each kind calls itself, be it MaxMind's or a compatible one.
TYPES = {CITY: ("City", "Enterprise"), ASN: ("ASN", "ISP", "Enterprise")}
OFF, MISSING, UNREADABLE, OLD, READY = "off", "missing", "unreadable", "old", "ready"
# Addresses that are nowhere in particular: private, shared by a provider's customers, this host.
NOWHERE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7"),
        *("fe80::/10", "ff00::/8"),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, and the accuracy radius in kilometres where the database states one."""

    country: str
    city: str
    latitude: float | None
    longitude: float | None
    accuracy_radius: int | None
    country_code: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)


@dataclass(frozen=True, slots=True)
class Network:
    """An autonomous system: its number, and the name of who runs it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """Whether a database can be asked, and when it was built."""

    kind: str
    status: str
    built_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        return self.status == READY


def locate(address: str, *, at: datetime | None = None) -> Place | None:
    """The place of an IP address, or None when it is not evaluated."""
    record = _look_up(CITY, address, at or timezone.now())
    if record is None:
        return None
    country = _part(record, "country") or _part(record, "registered_country")
    location = _part(record, "location")
    latitude, longitude = _degrees(location.get("latitude"), 90), None
    if latitude is not None:
        longitude = _degrees(location.get("longitude"), 180)
    return Place(
        country=_name(country),
        city=_name(_part(record, "city")),
        latitude=latitude if longitude is not None else None,
        longitude=longitude,
        accuracy_radius=_whole(location.get("accuracy_radius")),
        country_code=_word(country.get("iso_code"))[:2].upper(),
    )


def network_of(address: str, *, at: datetime | None = None) -> Network | None:
    """The autonomous system of an IP address, or None when it is not evaluated."""
    record = _look_up(ASN, address, at or timezone.now())
    number = _whole(record.get("autonomous_system_number")) if record else None
    if record is None or number is None:
        return None
    return Network(number, _word(record.get("autonomous_system_organization"))[:100])


def state(kind: str, *, at: datetime) -> State:
    """Whether the database of this kind (CITY or ASN) can be asked now."""
    path = path_of(kind)
    if path is None:
        return State(kind, OFF)
    signature = _signature(path)
    if signature is None:
        return State(kind, MISSING)
    reader = _reader(kind, str(path), signature)
    if reader is None:
        return State(kind, UNREADABLE)
    built_at = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
    return State(kind, OLD if at - built_at > LASTS else READY, built_at)


def _look_up(kind: str, address: str, at: datetime) -> Mapping[str, Any] | None:
    path = path_of(kind)
    parsed = _parse(address)
    if path is None or parsed is None or (signature := _signature(path)) is None:
        return None
    reader = _reader(kind, str(path), signature)
    if reader is None or at.timestamp() - reader.metadata().build_epoch > LASTS.total_seconds():
        return None
    try:
        record = reader.get(parsed)
    except Exception:
        # Whatever a damaged file makes the reader do, nobody's sign-in may depend on it.
        logger.exception("The geo database failed at a look-up; the place is not evaluated.")
        return None
    return record if isinstance(record, Mapping) else None


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return None if any(parsed in network for network in NOWHERE) else parsed


def path_of(kind: str) -> Path | None:
    """The file that is looked into: the one named in the settings, or what lies in `var/geoip/`."""
    name = settings.GEOIP_CITY_DATABASE if kind == CITY else settings.GEOIP_ASN_DATABASE
    if name:
        return Path(name)
    found = default_path(kind)
    return found if found.exists() else None


def default_path(kind: str) -> Path:
    return Path(settings.VAR) / "geoip" / f"{kind}.mmdb"


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


@functools.lru_cache(maxsize=2 * len(KINDS))
def _reader(kind: str, path: str, signature: tuple[int, int, int]) -> maxminddb.Reader | None:
    # Keyed by what changes with the file: a replaced one is opened anew and the old reader let
    # go. A damaged one is remembered as well, so that it is complained of once.
    try:
        reader = maxminddb.open_database(path)
        is_right = any(word in reader.metadata().database_type for word in TYPES[kind])
    except Exception:
        logger.exception("The geo database cannot be read; places are not evaluated.")
        return None
    if not is_right:
        logger.error("The geo database cannot be read: %s is none of kind “%s”.", path, kind)
        return None
    return reader


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _name(part: Mapping[str, Any]) -> str:
    return _word(_part(part, "names").get("en"))[:100]


def _word(value: object) -> str:
    """Text for a page or a log line: whatever a file holds, no control character."""
    return "".join(filter(str.isprintable, value)) if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 2**32 else None  # type: ignore[operator,return-value]


def _degrees(value: object, most: int) -> float | None:
    if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > most:
        return None
    return float(value)
