"""The page about performance is made of whatever the benches kept."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

from bench import measuring, report


def kept(folder: Path) -> None:
    with mock.patch.object(measuring, "RESULTS", folder):
        with measuring.sheet("vault", "The list", database="sqlite") as sheet:
            curve = measuring.Curve(by="entries", of=("page ms",), each=("view",))
            add = sheet.table("Page", ("entries", "view", "page ms"), note="A goal.", curve=curve)
            add(10, "first", 1.5)
            add(1000, "first", 123.4)
            add(10, "a | b", 0.25)


def test_a_table_a_note_and_a_curve_are_on_the_page(tmp_path: Path) -> None:
    kept(tmp_path)

    with mock.patch.multiple(report, RESULTS=tmp_path, DOCS=tmp_path):
        report.main()

    text = (tmp_path / "performance.md").read_text()
    assert "### The list: SQLite" in text
    assert "| 1000 | first | 123 |" in text
    assert "| 10 | a \\| b | 0.25 |" in text
    assert "A goal." in text
    assert "bench.bench_vault" in text
    picture = tmp_path / "images" / "performance" / "vault-sqlite-0.svg"
    assert "images/performance/vault-sqlite-0.svg" in text
    names = [one.text for one in ElementTree.parse(picture).iter() if one.tag.endswith("text")]  # noqa: S314 - drawn a moment ago
    assert "first" in names
    assert "a | b" not in names


def test_a_stopped_bench_keeps_the_rows_it_had(tmp_path: Path) -> None:
    with mock.patch.object(measuring, "RESULTS", tmp_path):
        add = measuring.Sheet("codes", "One code").table("Times", ("what", "µs"))
        add("open", 3.0)

    with mock.patch.multiple(report, RESULTS=tmp_path, DOCS=tmp_path):
        report.main()

    assert "| open | 3 |" in (tmp_path / "performance.md").read_text()


def test_names_beside_a_curve_do_not_lie_over_each_other() -> None:
    heights = report.labels_apart({str(number): 300.0 for number in range(6)})

    found = sorted(heights.values())
    assert all(second - first >= 15 for first, second in itertools.pairwise(found))
    assert found[-1] <= report.HEIGHT
