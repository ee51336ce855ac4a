"""The sample databases, made once and named as the settings name them."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from core.geo_sample import (
    AMSTERDAM,
    BERLIN,
    BERLIN6,
    MADRID,
    MUNICH,
    NEW_YORK,
    NOWHERE,
    POTSDAM,
    SINGAPORE,
    SINGAPORE6,
    VAGUE,
    write_asn,
    write_city,
)

__all__ = [
    "AMSTERDAM",
    "BERLIN",
    "BERLIN6",
    "MADRID",
    "MUNICH",
    "NEW_YORK",
    "NOWHERE",
    "POTSDAM",
    "SINGAPORE",
    "SINGAPORE6",
    "VAGUE",
    "databases",
]


@functools.lru_cache(maxsize=1)
def databases() -> dict[str, str]:
    """Both databases, as the settings name them."""
    folder = Path(tempfile.mkdtemp(prefix="authnode-geo-"))
    return {
        "GEOIP_CITY_DATABASE": str(write_city(folder / "city.mmdb")),
        "GEOIP_ASN_DATABASE": str(write_asn(folder / "asn.mmdb")),
    }
