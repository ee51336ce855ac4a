"""Makes docs/performance.md, with its curves, of the sheets in bench/results/.

    .venv/bin/python -m bench.report

A sheet is what `bench.measuring` keeps; a bench that only prints lies there as the text it said.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bench.measuring import RESULTS, cell

DOCS = Path(__file__).resolve().parent.parent / "docs"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL and Redis", "": "No database"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 64, 190, 16, 44
COLOURS = ("#2563eb", "#c2410c", "#15803d", "#7e22ce", "#0e7490", "#a16207", "#be123c", "#4d7c0f")
INTRO = """\
# Performance

This page is made by `make bench`: every bench in `bench/` runs, keeps its tables in
`bench/results/`, and `python -m bench.report` writes them down here. `make bench` runs on SQLite,
`scripts/with-services make bench` on a PostgreSQL and a Redis of its own; the page shows both when
both were measured. `BENCHES="vault notes" make bench` runs some of them.

Every table belongs to a machine. The floor is SHA-256 over 2 MiB in the same run, before and after
the bench: by the clock, and by the processor alone. Where the two are far apart, or the load is
above the number of cores, the machine had other work to do, and the columns named CPU say more than
those of the clock.
"""
Series = dict[str, list[tuple[float, float]]]


def main() -> None:
    sheets = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    texts = {path.stem: path.read_text() for path in sorted(RESULTS.glob("*.txt"))}
    write([sheet for sheet in sheets if "tables" in sheet], texts, DOCS)


def write(sheets: Sequence[dict[str, Any]], texts: dict[str, str], docs: Path) -> None:
    pictures = docs / "images" / "performance"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.svg"):
        old.unlink()
    (docs / "performance.md").write_text(page(sheets, texts, pictures))


def page(sheets: Sequence[dict[str, Any]], texts: dict[str, str], pictures: Path) -> str:
    parts = [INTRO]
    by_title: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for sheet in sheets:
        by_title[sheet["title"]].append(sheet)
    for title, found in by_title.items():
        parts.append(f"## {title}\n")
        ordered = sorted(found, key=lambda one: one["database"] != "sqlite")
        parts += [part(sheet, pictures) for sheet in ordered]
    if texts:
        parts.append("## In their own words\n")
    for name, text in texts.items():
        parts.append(f"`bench_{name}`:\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


def part(sheet: dict[str, Any], pictures: Path) -> str:
    words = [f"### {sheet['title']}: {NAMES[sheet['database']]}\n", circumstances(sheet)]
    for number, table in enumerate(sheet["tables"]):
        words.append(f"**{table['title']}**\n")
        words.append("\n".join(markdown(table["head"], table["rows"])) + "\n")
        if table["note"]:
            words.append(f"{table['note']}\n")
        if table["curve"] and (lines := series(table)):
            name = f"{sheet['bench']}-{sheet['database'] or 'plain'}-{number}.svg"
            (pictures / name).write_text(drawing(lines, table["curve"]["by"]))
            words.append(f"![{table['title']}: growth](images/performance/{name})\n")
    return "\n".join(words)


def circumstances(sheet: dict[str, Any]) -> str:
    floors = "; ".join(f"{clock:.1f} ms, CPU {cpu:.1f} ms" for clock, cpu in sheet["floors"])
    loads = " to ".join(str(load) for load in sheet["loads"])
    return (
        f"`bench.bench_{sheet['bench'].replace('-', '_')}`, {sheet['at']}, {sheet['machine']}."
        f" Floor {floors}; load {loads}; the bench took {sheet['seconds']:.0f} s.\n"
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [list(head), *([cell(value) for value in row] for row in rows)]
    written = [
        "| " + " | ".join(word.replace("|", "\\|") for word in line) + " |" for line in lines
    ]
    return [written[0], "|" + "---|" * len(head), *written[1:]]


def series(table: dict[str, Any]) -> Series:
    """The lines of a curve that have at least two points above nothing."""
    head, curve = table["head"], table["curve"]
    found: Series = defaultdict(list)
    for row in table["rows"]:
        values = dict(zip(head, row, strict=True))
        named = [str(values[each]) for each in curve["each"]]
        for column in curve["of"]:
            x, y = values[curve["by"]], values[column]
            if isinstance(x, int | float) and isinstance(y, int | float) and x > 0 and y > 0:
                label = [*named, column] if len(curve["of"]) > 1 or not named else named
                found[", ".join(label)].append((float(x), float(y)))
    return {name: sorted(points) for name, points in found.items() if len(points) > 1}


def drawing(lines: Series, by: str) -> str:
    """Both axes grow tenfold from line to line, so that a straight line is a power."""
    points = [point for line in lines.values() for point in line]
    across = decades(x for x, _ in points)
    up = decades(y for _, y in points)

    def place(x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        right = (math.log10(x) - across[0]) / (across[-1] - across[0]) * wide
        rise = (math.log10(y) - up[0]) / (up[-1] - up[0]) * high
        return round(LEFT + right, 1), round(HEIGHT - BOTTOM - rise, 1)

    parts = []
    for power in up:
        left, height = place(10 ** across[0], 10**power)
        parts.append(f'<path class="grid" d="M{left} {height}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{left - 8}" y="{height + 4}" text-anchor="end">{ten(power)}</text>')
    for power in across:
        right, low = place(10**power, 10 ** up[0])
        parts.append(f'<path class="grid" d="M{right} {TOP}V{low}"/>')
        parts.append(f'<text x="{right}" y="{low + 18}" text-anchor="middle">{ten(power)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(by)}</text>')
    heights = labels_apart({name: place(*line[-1])[1] for name, line in lines.items()})
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        where = [place(*point) for point in line]
        path = " ".join(f"{x},{y}" for x, y in where)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in where]
        label = f'<text x="{WIDTH - RIGHT + 10}" y="{heights[name] + 4}" style="fill:{colour}">'
        parts.append(f"{label}{escape(name)}</text>")
    style = "text{font:12px sans-serif;fill:#6b7280}.grid{stroke:#9ca3af;stroke-opacity:.35}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<style>{style}</style>{''.join(parts)}</svg>\n"
    )


def labels_apart(heights: dict[str, float], gap: float = 15) -> dict[str, float]:
    """Names beside the ends of their lines, none over another."""
    placed: dict[str, float] = {}
    free = float(TOP)
    for name, height in sorted(heights.items(), key=lambda pair: pair[1]):
        placed[name] = max(free, height)
        free = placed[name] + gap
    over = max(0.0, free - gap - (HEIGHT - 8))
    return {name: height - over for name, height in placed.items()}


def decades(values: Iterable[float]) -> range:
    logs = [math.log10(value) for value in values]
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return range(low, max(high, low + 1) + 1)


def ten(power: int) -> str:
    return f"{10**power:,}".replace(",", " ") if power >= 0 else f"{10.0**power:g}"


if __name__ == "__main__":
    main()
