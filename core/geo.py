"""Where an address is, from a local database file; nothing is asked over the network.

Without a database, for a private address or one without a record the answer is None: "not
evaluated", neither good nor bad.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from pathlib import Path

import geoip2.database
import geoip2.errors
import maxminddb
from django.conf import settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, and the accuracy radius in kilometres where the database states one."""

    country: str
    city: str
    latitude: float | None
    longitude: float | None
    accuracy_radius: int | None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.city, self.country) if part)


def locate(address: str) -> Place | None:
    """The place of an IP address, or None when it is not evaluated."""
    path = Path(settings.GEOIP_CITY_DATABASE) if settings.GEOIP_CITY_DATABASE else None
    if path is None or not path.is_file():
        return None
    try:
        record = _reader(str(path), path.stat().st_mtime_ns).city(address)
    except (geoip2.errors.AddressNotFoundError, ValueError):
        return None
    except (maxminddb.InvalidDatabaseError, OSError):
        logger.exception("The geo database cannot be read; places are not evaluated.")
        return None
    return Place(
        country=record.country.name or "",
        city=record.city.name or "",
        latitude=record.location.latitude,
        longitude=record.location.longitude,
        accuracy_radius=record.location.accuracy_radius,
    )


@functools.lru_cache(maxsize=1)
def _reader(path: str, modified: int) -> geoip2.database.Reader:
    # Keyed by the time of change: a replaced file is opened anew, the old reader is let go.
    return geoip2.database.Reader(path)
