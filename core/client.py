"""Who is calling: the one answer that limits, lock-out, geography, sessions and audit share."""

from __future__ import annotations

import functools
import ipaddress
import logging
import re
from collections.abc import Iterable

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
FORWARDING_HEADERS = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)
UNKNOWN = "0.0.0.0"  # noqa: S104 - the name of "no address", nothing listens on it


def address(request: HttpRequest) -> str:
    """The client's address: X-Forwarded-For read from the right, over trusted proxies only.

    A header from anyone else, or one that is not made of addresses, counts for nothing: the
    left-most entry is whatever the client wrote.
    """
    known: str | None = getattr(request, "client_address", None)
    if known is None:
        known = _resolve(request)
        request.client_address = known  # type: ignore[attr-defined]
    return known


def counted_address(request: HttpRequest) -> str:
    """The address that lock-out counts: of an IPv6 client the first of its /64."""
    return network(address(request)).removesuffix("/64")


def network(of: str) -> str:
    """The unit that limits count: an IPv4 address, or the /64 of an IPv6 address."""
    parsed = ipaddress.ip_address(of)
    if parsed.version == 4:
        return of
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def is_trusted_proxy(peer: str) -> bool:
    parsed = _parse(peer)
    return parsed is not None and any(parsed in net for net in _trusted())


def _resolve(request: HttpRequest) -> str:
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    if peer is None:
        return UNKNOWN
    if not any(peer in net for net in _trusted()):
        return str(peer)
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    client = peer
    for hop in reversed([part for part in forwarded.split(",") if part.strip()]):
        parsed = _parse(hop)
        if parsed is None:
            logger.warning("A trusted proxy sent an X-Forwarded-For that is not an address list.")
            return str(peer)
        client = parsed
        if not any(parsed in net for net in _trusted()):
            break
    return str(client)


def _parse(text: str) -> Address | None:
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed


@functools.lru_cache(maxsize=1)
def _trusted() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(net, strict=False) for net in settings.TRUSTED_PROXIES)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "TRUSTED_PROXIES":
        _trusted.cache_clear()


setting_changed.connect(_forget)

# The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"CriOS/|Chrom(?:e|ium)/", "Chrome"),
    (r"Safari/", "Safari"),
    (r"curl/", "curl"),
)
SYSTEMS = (
    (r"iPhone|iPod", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def browser(request: HttpRequest) -> str:
    """Browser and system in words a person knows, "Firefox on Linux"; never the raw header."""
    agent = request.META.get("HTTP_USER_AGENT", "")[:512]
    name = _first_match(BROWSERS, agent)
    system = _first_match(SYSTEMS, agent)
    if name and system:
        return f"{name} on {system}"
    return name or system or "Unknown browser"


def _first_match(patterns: Iterable[tuple[str, str]], agent: str) -> str:
    return next((word for pattern, word in patterns if re.search(pattern, agent)), "")
