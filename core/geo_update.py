"""Fetching a geo database: to a file beside the old one, judged there, then swapped in one step.

Whatever goes wrong leaves the old file in its place. Addresses and keys of the source stand in no
message.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import http.client
import ipaddress
import os
import re
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import maxminddb
from django.conf import settings

from core import geo

SECONDS = 30
MOST_BYTES = 400 * 1024 * 1024
MOST_UNPACKED = 1024 * 1024 * 1024
CHUNK = 1024 * 1024
REDIRECTS = 5
MAXMIND = "https://download.maxmind.com/geoip/databases/{edition}/download?suffix=tar.gz"
EDITIONS = {geo.CITY: "GeoLite2-City", geo.ASN: "GeoLite2-ASN"}


class UpdateRefused(Exception):
    """What came is not used; the sentence says why. The old database stays."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a database of a kind comes from; `basic` is a pair for HTTP Basic, or nothing."""

    kind: str
    url: str = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


def sources() -> list[Source]:
    """What the operator has configured: an address of their own, or MaxMind's with a key."""
    found = []
    urls = {geo.CITY: settings.GEOIP_CITY_URL, geo.ASN: settings.GEOIP_ASN_URL}
    key = settings.GEOIP_LICENSE_KEY
    for kind, url in urls.items():
        if url:
            found.append(Source(kind, url))
        elif key and settings.GEOIP_ACCOUNT_ID:
            theirs = MAXMIND.format(edition=EDITIONS[kind])
            found.append(Source(kind, theirs, (settings.GEOIP_ACCOUNT_ID, key)))
    return found


def update(source: Source, *, at: datetime) -> datetime:
    """Fetch, judge and swap; the answer is when the new database was built.

    Raises UpdateRefused.
    """
    target = _target(source.kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".geoip-") as folder:
        packed, new = Path(folder) / "packed", Path(folder) / "new.mmdb"
        _download(source, packed)
        _unpack(packed, new)
        built_at = _judge(source.kind, new, old=target, at=at)
        new.chmod(0o644)
        # Readers that have the old file open keep it; the next look-up opens the new one.
        new.replace(target)
    return built_at


def _target(kind: str) -> Path:
    name = settings.GEOIP_CITY_DATABASE if kind == geo.CITY else settings.GEOIP_ASN_DATABASE
    if not name:
        raise UpdateRefused("No file is named for this database.")
    return Path(name)


def _download(source: Source, target: Path) -> None:
    digest, came = hashlib.sha256(), 0
    with _opened(source.url, source.basic) as answer, target.open("wb") as file:
        length = answer.headers.get("Content-Length")
        if length and length.isdecimal() and int(length) > MOST_BYTES:
            raise UpdateRefused("The download is larger than a geo database.")
        for chunk in _chunks(answer, MOST_BYTES):
            digest.update(chunk)
            came += len(chunk)
            file.write(chunk)
        if length and length.isdecimal() and int(length) != came:
            raise UpdateRefused("The download ended early.")
    if "suffix=tar.gz" in source.url:
        # MaxMind says beside each file what it must hash to.
        with _opened(f"{source.url}.sha256", source.basic) as answer:
            words = answer.read(1024).decode("ascii", "replace").split()
        if not words or words[0].lower() != digest.hexdigest():
            raise UpdateRefused("The download does not match its checksum.")


def _unpack(packed: Path, target: Path) -> None:
    with packed.open("rb") as file:
        start = file.read(2)
    try:
        if start != b"\x1f\x8b":
            packed.replace(target)
            return
        try:
            with tarfile.open(packed, "r:gz") as archive:
                member = next((m for m in archive if m.isfile() and m.name.endswith(".mmdb")), None)
                content = archive.extractfile(member) if member else None
                if content is None:
                    raise UpdateRefused("The archive holds no database.")
                _copy(content, target)
        except tarfile.ReadError:
            with gzip.open(packed) as plain:
                _copy(plain, target)
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        raise UpdateRefused("The download cannot be unpacked.") from None


def _copy(content: IO[bytes] | gzip.GzipFile, target: Path) -> None:
    with target.open("wb") as file:
        for chunk in _chunks(content, MOST_UNPACKED):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _chunks(content: Any, most: int) -> Iterator[bytes]:
    total = 0
    while chunk := content.read(CHUNK):
        total += len(chunk)
        if total > most:
            raise UpdateRefused("The download is larger than a geo database.")
        yield chunk


def _judge(kind: str, path: Path, *, old: Path, at: datetime) -> datetime:
    """Size, type, age and one look-up."""
    try:
        with maxminddb.open_database(str(path)) as reader:
            metadata = reader.metadata()
            network, record = next(iter(reader))
            is_found = reader.get(network.network_address) == record
    except StopIteration:
        raise UpdateRefused("The database is empty.") from None
    except Exception:  # noqa: BLE001 - a damaged file makes the reader raise anything
        raise UpdateRefused("What came is no geo database.") from None
    if not any(word in metadata.database_type for word in geo.TYPES[kind]):
        raise UpdateRefused(f"What came is a database of another kind than “{kind}”.")
    if not is_found or not _is_record(kind, record):
        raise UpdateRefused("A look-up in the database finds nothing usable.")
    built_at = datetime.fromtimestamp(metadata.build_epoch, UTC)
    if at - built_at > geo.LASTS:
        raise UpdateRefused("The database is older than sixty days.")
    if old.exists():
        _compare(path, built_at, old)
    return built_at


def _compare(path: Path, built_at: datetime, old: Path) -> None:
    try:
        with maxminddb.open_database(str(old)) as reader:
            kept_at = datetime.fromtimestamp(reader.metadata().build_epoch, UTC)
    except Exception:  # noqa: BLE001 - a damaged file makes the reader raise anything
        # The old one is damaged: anything that can be read is better.
        return
    if built_at < kept_at:
        raise UpdateRefused("The database is older than the one that is there.")
    if path.stat().st_size < old.stat().st_size / 2:
        raise UpdateRefused("The database is less than half as large as the one that is there.")


def _is_record(kind: str, record: object) -> bool:
    if not isinstance(record, dict):
        return False
    if kind == geo.ASN:
        return "autonomous_system_number" in record
    return bool({"country", "registered_country", "location"} & record.keys())


@contextlib.contextmanager
def _opened(url: str, basic: tuple[str, str] | None) -> Iterator[http.client.HTTPResponse]:
    if not _is_acceptable(url):
        raise UpdateRefused("The address of the source must be https.")
    request = urllib.request.Request(url, headers={"User-Agent": "AuthNode"})  # noqa: S310 - judged above
    if basic:
        pair = base64.b64encode(":".join(basic).encode()).decode()
        # "Unredirected": a storage server that the source sends us on to gets no key.
        request.add_unredirected_header("Authorization", f"Basic {pair}")
    opener = urllib.request.build_opener(_Redirects)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        raise UpdateRefused(f"The source answered {error.code}.") from None
    except (OSError, http.client.HTTPException):
        raise UpdateRefused("The source cannot be reached.") from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not _is_acceptable(newurl):
            raise UpdateRefused("The source leads to an address that is not https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_acceptable(url: str) -> bool:
    """https, or http on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if re.search(r"[\x00-\x20]", url) or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
