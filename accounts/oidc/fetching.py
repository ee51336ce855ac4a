"""Asking the provider, within bounds: OIDC_SECONDS in all (five), 256 KiB, no redirects, https.

Plain http is spoken with this very machine only. A redirect is an answer that cannot be used: the
endpoints of a provider have their addresses in its discovery document.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings

from accounts.oidc.refusals import ProviderAway, ProviderNonsense

MOST_BYTES = 256 * 1024


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_acceptable(url: object) -> bool:
    """Whether this is an address that we speak with: https, or http on this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def get_json(url: str) -> dict[str, Any]:
    """The JSON object at this address; raises ProviderAway or ProviderNonsense."""
    status, body = _ask(url, "GET", {}, None)
    if status >= 500:
        raise ProviderAway
    if status != 200:
        raise ProviderNonsense
    return _as_object(body)


def post_form(
    url: str, form: Mapping[str, str], *, basic: tuple[str, str] | None
) -> tuple[int, dict[str, Any]]:
    """Post a form and answer status and JSON object; raises ProviderAway or ProviderNonsense."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if basic:
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = ":".join(quote(word, safe="") for word in basic)
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    status, body = _ask(url, "POST", headers, urlencode(form).encode())
    if status >= 500:
        raise ProviderAway
    if status >= 300 and status not in {400, 401, 403}:
        raise ProviderNonsense
    return status, _as_object(body)


def _ask(
    url: str, method: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, bytes]:
    if not is_acceptable(url):
        raise ProviderNonsense
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    sent = {"Accept": "application/json", "Connection": "close", **headers}
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.connect()
        with _deadline(connection.sock):
            connection.request(method, target, body=body, headers=sent)
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
            # A body that the deadline cut short has no end that we could see.
            is_short = response.length is not None and response.length > 0
    except (OSError, http.client.IncompleteRead):
        raise ProviderAway from None
    except http.client.HTTPException:
        raise ProviderNonsense from None
    finally:
        connection.close()
    if len(content) > MOST_BYTES:
        raise ProviderNonsense
    if is_short:
        raise ProviderAway
    return response.status, content


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, port, timeout=settings.OIDC_SECONDS, context=context
        )
    return http.client.HTTPConnection(host, port, timeout=settings.OIDC_SECONDS)


@contextmanager
def _deadline(sock: socket.socket) -> Iterator[None]:
    """End the connection after the time is up, even when a byte arrives now and then."""
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    timer = threading.Timer(settings.OIDC_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if is_over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
    if is_over.is_set():
        raise TimeoutError


def _as_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderNonsense from None
    if not isinstance(found, dict):
        raise ProviderNonsense
    return found
