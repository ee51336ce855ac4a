"""A real OpenID Connect provider on loopback, as small as one can be, that lies on demand.

It signs real ID tokens, checks the redirect address, the client's password and PKCE, and burns its
codes. What it should do wrong is set on it: `claims` overrides what the next tokens state (None
leaves a claim out), `faults` names misdeeds of its pages.
"""

from __future__ import annotations

import base64
import hashlib
import html
import http.server
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jws

from accounts.oidc import tokens

CLIENT_ID = "authnode"
CLIENT_SECRET = "a secret: with % and :"


class Provider:
    def __init__(self) -> None:
        self.subject = "subject-1"
        self.algorithm = "RS256"
        self.asks = False
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.faults: set[str] = set()
        self.requests: list[str] = []
        self.authorizations: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.change_keys("RS256", "k1")
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
        self._server.daemon_threads = True
        self._server.provider = self  # type: ignore[attr-defined] # the handler's way to it
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def change_keys(self, algorithm: str, key_id: str) -> None:
        self.algorithm, self.key_id = algorithm, key_id
        kind = tokens.KEY_TYPES[algorithm]
        makers: dict[str, Callable[[], Any]] = {
            "RSA": lambda: jwk.RSAKey.generate_key(2048),
            "EC": lambda: jwk.ECKey.generate_key("P-256"),
            "OKP": lambda: jwk.OKPKey.generate_key("Ed25519"),
        }
        self.key = makers[kind]()
        self.published = [{**self.key.as_dict(private=False), "kid": key_id, "use": "sig"}]

    @contextmanager
    def running(self) -> Iterator[Provider]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.metadata,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """The person agrees; the answer is where the browser is sent back to."""
        self.authorizations.append(query)
        back = {"state": query["state"]}
        if "deny" in self.faults:
            return f"{query['redirect_uri']}?{urlencode({**back, 'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({**back, 'code': code})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: the client's password, the code once, PKCE."""
        if authorization != _basic():
            return 401, {"error": "invalid_client"}
        query = self.codes.pop(form.get("code", ""), None)
        if query is None or form.get("redirect_uri") != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != query["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.sign(query)}

    def sign(self, query: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": query.get("nonce"),
            **self.claims,
        }
        stated = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key_id}
        key = jwk.RSAKey.generate_key(2048) if "other key" in self.faults else self.key
        if "no signature" in self.faults:
            return f"{_part({'alg': 'none'})}.{_part(stated)}."
        if "shared secret" in self.faults:
            # The public key as the password of an HMAC, for a client that does not look.
            header["alg"], pem = "HS256", self.key.as_pem(private=False)
            key = jwk.OctKey.import_key(base64.b64encode(pem))
        registry = jws.JWSRegistry(algorithms=["HS256"]) if key.key_type == "oct" else _REGISTRY
        return jws.serialize_compact(header, json.dumps(stated), key, registry=registry)


_REGISTRY = tokens._registry


class _Pages(http.server.BaseHTTPRequestHandler):
    @property
    def provider(self) -> Provider:
        return self.server.provider  # type: ignore[attr-defined] # set by Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.provider.requests.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            self._document("discovery", self.provider.document())
        elif parts.path == "/keys":
            self._document("keys", {"keys": self.provider.published})
        elif parts.path == "/authorize":
            self._authorize(_flat(parts.query))
        elif parts.path == "/end":
            self._send(302, b"", Location=_flat(parts.query)["post_logout_redirect_uri"])
        else:
            self._send(404, b"")

    def do_POST(self) -> None:
        self.provider.requests.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/token":
            self._send(404, b"")
            return
        answer = self.provider.token(_flat(body), self.headers.get("Authorization", ""))
        self._document("token", answer[1], status=answer[0])

    def _authorize(self, query: dict[str, str]) -> None:
        if self.provider.asks and "allowed" not in query:
            again = html.escape(f"/authorize?{urlencode({**query, 'allowed': '1'})}")
            page = f"<!doctype html><title>Provider</title><h1>Provider</h1><a href='{again}'>Allow"
            self._send(200, page.encode(), type_="text/html")
            return
        query.pop("allowed", None)
        self._send(302, b"", Location=self.provider.authorize(query))

    def _document(self, name: str, content: Any, *, status: int = 200) -> None:
        faults = self.provider.faults
        if f"{name} down" in faults:
            self._send(503, b"down")
        elif f"{name} html" in faults:
            self._send(200, b"<html>Welcome to the wireless network")
        elif f"{name} list" in faults:
            self._send(200, b"[]")
        elif f"{name} deep" in faults:
            self._send(200, b'{"a":' + b"[" * 100_000)
        elif f"{name} huge" in faults:
            self._send(200, b'{"a": "' + b"x" * 300_000 + b'"}')
        elif f"{name} elsewhere" in faults:
            self._send(302, b"", Location="http://127.0.0.1:9/stolen")
        elif f"{name} hangs" in faults:
            self._drip()
        else:
            self._send(status, json.dumps(content).encode())

    def _drip(self) -> None:
        """A byte now and then, so that no single read takes long."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    def _send(
        self, status: int, body: bytes, *, type_: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *args: Any) -> None:
        """Tests are quiet."""


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _basic() -> str:
    pair = urlencode({CLIENT_ID: CLIENT_SECRET}).replace("+", "%20").replace("=", ":", 1)
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
