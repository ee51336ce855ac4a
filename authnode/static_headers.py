from __future__ import annotations

from wsgiref.headers import Headers


def add(headers: Headers, path: str, url: str) -> None:
    """What a static file says of itself: no other site may use it. Pictures run no script."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if path.endswith(".svg"):
        headers["Content-Security-Policy"] = "default-src 'none'"
