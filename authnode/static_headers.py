from __future__ import annotations

from wsgiref.headers import Headers

POLICY = "default-src 'none'; frame-ancestors 'none'"


def add(headers: Headers, path: str, url: str) -> None:
    """What a static file says of itself: no other site may use or frame it, and it loads nothing.

    The policy of a page is its own; this one counts when somebody opens a file by itself.
    """
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Content-Security-Policy"] = POLICY
