"""Brand icons by issuer, out of an installed package: nothing is fetched, nobody is told.

The package draws each brand as one black shape. Here it becomes a tile: the brand's own colour
with the shape in white or near-black on it, whichever is easier to see.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from importlib import metadata

from simple_icons_pack import Icon, get_icon

from vault.models import TINTS

VERSION = metadata.version("simple-icons-pack")

# What services call themselves in their QR codes, where it is not the name of the icon.
ALIASES = {
    "battlenet": "battledotnet",
    "blizzard": "battledotnet",
    "blizzardentertainment": "battledotnet",
    "booking": "bookingdotcom",
    "eagames": "ea",
    "electronicarts": "ea",
    "epic": "epicgames",
    "facebookmessenger": "messenger",
    "fly": "flydotio",
    "gog": "gogdotcom",
    "googlemail": "gmail",
    "humble": "humblebundle",
    "itch": "itchdotio",
    "matrixorg": "matrix",
    "metaaccount": "meta",
    "protonaccount": "proton",
    "protonme": "proton",
    "pypiorg": "pypi",
    "rockstar": "rockstargames",
    "steampowered": "steam",
    "tutamail": "tuta",
    "tutanota": "tuta",
    "twitter": "x",
    "twitterx": "x",
    "unifi": "ubiquiti",
    "xtwitter": "x",
}
# Brands whose products carry their name first: "Google Workspace", "GitLab (work)".
FAMILIES = (
    "1password",
    "apple",
    "atlassian",
    "bitwarden",
    "cloudflare",
    "discord",
    "dropbox",
    "facebook",
    "github",
    "gitlab",
    "google",
    "hetzner",
    "instagram",
    "mozilla",
    "nextcloud",
    "paypal",
    "proton",
    "reddit",
    "stripe",
    "synology",
)
ENDINGS = ("com", "net", "org", "io", "co", "me", "eu", "de", "app")
SIGNS = {"+": "plus", ".": "dot", "&": "and", "đ": "d", "ħ": "h", "ł": "l", "ß": "ss"}


def slug_for(issuer: str) -> str:
    """Name of the icon that fits an issuer, or "" when none surely does."""
    return next((slug for slug in _candidates(issuer) if slug and get_icon(slug)), "")


def tint_for(issuer: str, account_name: str = "") -> int:
    """One of the twelve tints, always the same for the same name."""
    name = (issuer or account_name).strip().casefold()
    return zlib.crc32(name.encode()) % TINTS + 1


@functools.lru_cache(maxsize=512)
def draw(slug: str) -> bytes | None:
    """The tile of a brand as SVG, or None."""
    icon = get_icon(slug)
    return _tile(icon).encode() if icon else None


def _candidates(issuer: str) -> list[str]:
    text = plain(issuer)
    words = text.split()
    if not words or len(text) > 100:
        return []
    joined = "".join(words)
    spelt = [_letters("".join(SIGNS.get(sign, sign) for sign in joined)), _letters(joined)]
    host, dot, ending = joined.rpartition(".")
    if dot and ending in ENDINGS:
        spelt.append(_letters(host.rpartition(".")[2]))
    if _letters(words[0]) in FAMILIES:
        spelt.append(_letters(words[0]))
    return [ALIASES.get(slug, slug) for slug in spelt]


def plain(text: str) -> str:
    """Lower case without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)


def _tile(icon: Icon) -> str:
    shape = re.sub(r"^<svg[^>]*>|<title>.*?</title>|</svg>$", "", icon.svg)
    ink = "#fff" if _luminance(icon.hex) < 0.4 else "#16191d"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
        f'<path fill="#{icon.hex}" d="M0 0h40v40H0z"/>'
        f'<g fill="{ink}" transform="translate(9.2 9.2) scale(.9)">{shape}</g></svg>'
    )


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it, from 0 (black) to 1 (white)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
