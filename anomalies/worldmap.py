"""Points on a map of the world: degrees east and south of the upper left corner of the drawing.

The outlines are a static file (Natural Earth, public domain); pages draw points over it, mails
carry a small picture.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw

from anomalies import rules
from anomalies.models import LoginAttempt

WIDTH, HEIGHT = 360, 150
SVG = Path("static") / "icons" / "world.svg"
# The picture of a mail, twice as fine as it is shown.
SCALE = 2
SEA, LAND, POINT, RIM = "#eef1ee", "#c3cdc8", "#ad2418", "#ffffff"
PAIR = re.compile(r"(-?\d+\.\d) (-?\d+\.\d)")


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the map; `number` is what the table beside the map calls it."""

    x: str
    y: str
    label: str
    kind: str = ""
    count: int = 1

    @property
    def size(self) -> str:
        return f"{min(6.0, 2.4 + 0.5 * (self.count - 1)):.1f}"


def position(latitude: float, longitude: float) -> tuple[float, float]:
    return longitude + 180, min(max(90 - latitude, 1), HEIGHT - 1)


def point(spot: rules.Spot, label: str, *, kind: str = "", count: int = 1) -> Point:
    x, y = position(spot.latitude, spot.longitude)
    return Point(f"{x:.1f}", f"{y:.1f}", label, kind, count)


def points(attempts: Iterable[LoginAttempt]) -> list[Point]:
    """One point for each place, the highest level that it has seen, the highest on top."""
    order = {"": 0, rules.LOW: 0, rules.MEDIUM: 1, rules.HIGH: 2}
    places: dict[tuple[float, float], list[LoginAttempt]] = {}
    for attempt in attempts:
        spot = attempt.spot
        if spot is not None:
            places.setdefault((spot.latitude, spot.longitude), []).append(attempt)
    found = []
    for rows in places.values():
        worst = max(rows, key=lambda row: order[row.level])
        if worst.spot is not None:
            label = worst.place or worst.country
            found.append(
                (order[worst.level], point(worst.spot, label, kind=worst.level, count=len(rows)))
            )
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def as_png(spot: rules.Spot) -> str:
    """A small map with one point, as base64 of a PNG, for a mail."""
    picture = _outlines().copy()
    x, y = (SCALE * number for number in position(spot.latitude, spot.longitude))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((x - 7, y - 7, x + 7, y + 7), fill=POINT, outline=RIM, width=2)
    held = BytesIO()
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=16).save(held, "PNG", optimize=True)
    return base64.b64encode(held.getvalue()).decode()


@functools.lru_cache(maxsize=1)
def _outlines() -> Image.Image:
    picture = Image.new("RGB", (SCALE * WIDTH, SCALE * HEIGHT), SEA)
    draw = ImageDraw.Draw(picture)
    text = (Path(settings.BASE_DIR) / SVG).read_text()
    for ring in text.partition(' d="')[2].partition('"')[0].split("Z"):
        corners = [(SCALE * float(x), SCALE * float(y)) for x, y in PAIR.findall(ring)]
        if len(corners) > 2:
            draw.polygon(corners, fill=LAND)
    return picture
