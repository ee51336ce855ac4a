"""otpauth:// URIs: one account as text, in all spellings that apps really write.

Reading is lenient about spelling (case, spaces, unencoded characters, foreign parameters)
and strict about meaning: what would change the codes is refused, never guessed.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus

from core import otp
from vault.formats.account import (
    OtpAccount,
    read_algorithm,
    read_secret,
    split_label,
    tidy,
)
from vault.formats.refusals import FormatRefusal

MAX_URI_BYTES = 8 * 1024

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,19}")


def read(uri: str) -> OtpAccount:
    """The account of an otpauth:// or steam:// URI, or a FormatRefusal."""
    scheme, rest = split_scheme(uri, limit=MAX_URI_BYTES)
    if scheme == "steam":
        return OtpAccount("steam", read_secret(unquote(rest)), issuer="Steam")
    if scheme == "otpauth-migration":
        raise FormatRefusal("several")
    if scheme != "otpauth":
        raise FormatRefusal("type")

    # Some labels hold a raw # (Microsoft's guests: name#EXT#@tenant): it starts no fragment.
    path, _, query = rest.replace("#", "%23").partition("?")
    host, _, label = path.partition("/")
    parameters = _parameters(query)
    issuer, name = split_label(unquote(label), _first(parameters, "issuer"))
    try:
        return _account(host.lower(), parameters, issuer, name)
    except FormatRefusal as refusal:
        raise FormatRefusal(refusal.reason, issuer=issuer, name=name) from None


def write(account: OtpAccount, *, compatible_steam: bool = False) -> str:
    """The URI of an account; notes, favourite and categories have no place in it.

    `compatible_steam` writes Steam as TOTP with marks that apps without a steam type know;
    they go by the issuer, so another issuer moves into the name.
    """
    host, issuer, name = account.type, account.issuer, account.name
    as_totp = account.is_steam and compatible_steam
    if as_totp:
        if issuer not in ("", "Steam"):
            name = f"{issuer} {name}".strip()
        host, issuer = "totp", "Steam"

    parameters = {"secret": otp.encode_base32(account.secret)}
    if issuer:
        parameters["issuer"] = issuer
    parameters["algorithm"] = account.algorithm
    parameters["digits"] = str(account.digits)
    if account.is_hotp:
        parameters["counter"] = str(account.counter)
    else:
        parameters["period"] = str(account.period)
    if as_totp:
        parameters["encoder"] = "steam"
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in parameters.items())
    prefix = f"{quote(issuer, safe='')}:" if issuer else ""
    return f"otpauth://{host}/{prefix}{quote(name, safe='')}?{query}"


def split_scheme(uri: str, *, limit: int) -> tuple[str, str]:
    """Lower-case scheme and everything after `://`; at most `limit` bytes in all."""
    uri = uri.strip()
    if len(uri) > limit or len(uri.encode("utf-8", "replace")) > limit:
        raise FormatRefusal("too long")
    match = _SCHEME.fullmatch(uri)
    if not match:
        raise FormatRefusal("not a URI")
    return match[1].lower(), match[2]


def _account(host: str, parameters: dict[str, list[str]], issuer: str, name: str) -> OtpAccount:
    if host not in ("totp", "hotp", "steam"):
        raise FormatRefusal("type")
    secret = read_secret(_first(parameters, "secret"))
    algorithm = read_algorithm(_first(parameters, "algorithm"))
    digits = _number(parameters, "digits")
    period = counter = None
    if host == "hotp":
        counter = _number(parameters, "counter")
    else:
        period = _number(parameters, "period")
    is_plain = algorithm == "SHA1" and digits in (None, otp.STEAM_DIGITS) and period in (None, 30)
    if host == "totp" and (_is_marked_steam(parameters) or (issuer == "Steam" and is_plain)):
        host = "steam"
    return OtpAccount(
        host,
        secret,
        issuer=issuer,
        name=name,
        algorithm=algorithm,
        digits=6 if digits is None else digits,
        period=30 if period is None else period,
        counter=counter or 0,
        categories=_categories(parameters),
    )


def _parameters(query: str) -> dict[str, list[str]]:
    parameters: dict[str, list[str]] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        # A link copied out of HTML has &amp; between its parameters; without this the
        # digits and the algorithm would silently fall back to the defaults.
        key = unquote_plus(name).strip().lower().removeprefix("amp;")
        parameters.setdefault(key, []).append(unquote_plus(value))
    return parameters


def _first(parameters: dict[str, list[str]], name: str) -> str:
    return parameters.get(name, [""])[0]


def _number(parameters: dict[str, list[str]], name: str) -> int | None:
    text = _first(parameters, name).strip()
    if not text:
        return None
    # int() alone would take "1_0", other scripts' digits and endless numbers.
    if not _NUMBER.fullmatch(text):
        raise FormatRefusal(name)
    return int(text)


def _is_marked_steam(parameters: dict[str, list[str]]) -> bool:
    """KeePassXC writes encoder=steam, Stratum a bare &steam."""
    return "steam" in parameters or _first(parameters, "encoder").strip().lower() == "steam"


def _categories(parameters: dict[str, list[str]]) -> tuple[str, ...]:
    """andOTP repeats `tags`, one tag each time."""
    tags = (tidy(tag) for tag in parameters.get("tags", []))
    return tuple(dict.fromkeys(tag for tag in tags if tag))
