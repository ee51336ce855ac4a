"""One request to an address that somebody typed: the server must not become their hand.

A name is resolved once, every address it has is judged, and the connection goes to the very
address that was judged, so that a name which answers otherwise the second time gains nothing.
Redirects are not followed, a proxy of the environment is not asked, and of the answer only its
number is looked at.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 10
LONGEST_URL = 500
# Addresses that stand for others: what is behind them is judged by nobody.
TRANSLATED = tuple(
    ipaddress.ip_network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutwardRefused(Exception):
    """The base of the refusals here."""


class BadUrl(OutwardRefused):
    """Not a web address that a notice may be sent to."""


class ForbiddenAddress(OutwardRefused):
    """The name leads into a network that is not the public one."""


class Unreachable(OutwardRefused):
    """Nobody answers there, or not in time."""


@dataclass(frozen=True, slots=True)
class Target:
    is_https: bool
    host: str
    port: int
    path: str


def parse(url: str, *, allows_http: bool = False) -> Target:
    """The parts of an address; raises BadUrl."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadUrl from None
    schemes = {"https", "http"} if allows_http else {"https"}
    is_printable = url.isascii() and all(33 <= ord(char) < 127 for char in url)
    if len(url) > LONGEST_URL or not is_printable or parts.scheme not in schemes:
        raise BadUrl
    if not parts.hostname or parts.username is not None or parts.fragment or port == 0:
        raise BadUrl
    is_https = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_https, parts.hostname, port or (443 if is_https else 80), path)


def resolve(target: Target, *, allowed: Iterable[str]) -> str:
    """The address to connect to; raises ForbiddenAddress or Unreachable."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable from None
    networks = [ipaddress.ip_network(network) for network in allowed]
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    # One private address among public ones is as bad: which is used would be chance.
    if not all(is_allowed(address, networks) for address in addresses):
        raise ForbiddenAddress
    return str(addresses[0])


def is_allowed(
    address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    """Whether an address is public, or in a network that the operator has opened."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if any(address in network for network in networks):
        return True
    if any(address in network for network in TRANSLATED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed: Iterable[str], allows_http: bool
) -> int:
    """Post, and answer the status; raises OutwardRefused."""
    target = parse(url, allows_http=allows_http)
    address = resolve(target, allowed=allowed)
    connection = _Pinned(target, address)
    try:
        connection.request("POST", target.path, body=body, headers=dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, UnicodeError):
        raise Unreachable from None
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Speaks to one address, in the name of the host that was asked for."""

    def __init__(self, target: Target, address: str) -> None:
        is_usual = target.port == (443 if target.is_https else 80)
        super().__init__(target.host, None if is_usual else target.port, timeout=SECONDS)
        self.target, self.address = target, address

    def connect(self) -> None:
        sock = socket.create_connection((self.address, self.target.port), SECONDS)
        if self.target.is_https:
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=self.target.host)
        self.sock = sock
