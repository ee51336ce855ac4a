"""What the documents promise to name is named."""

from __future__ import annotations

import re
from pathlib import Path

from core import rotation

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def test_every_sealed_field_is_named_with_its_purpose() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    missing = [
        f"{model._meta.label}.{field.name} ({field.purpose})"
        for model, field in rotation.sealed_fields()
        if f"`{model._meta.label}." not in text
        or f"{field.name}`" not in text
        or f"`{field.purpose}`" not in text
    ]

    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as readers of Markdown make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(words.strip().replace(" ", "-"))
    return found


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target, anchor in LINK.findall(page.read_text()):
            if "://" in target or target.startswith("mailto:"):
                continue
            other = (page.parent / target).resolve() if target else page
            if not other.exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
            elif anchor and other.suffix == ".md" and anchor not in anchors(other):
                broken.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")

    assert len(PAGES) > 10
    assert broken == []


# How many requirements of levels 1 and 2 each section of the ASVS 5.0.0 has. Those of level 3 have
# the higher numbers.
ASVS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
ASVS_ROW = re.compile(r"^\| (\d+\.\d+)\.(\d+)(?: to \1\.(\d+))? \| ([12]) \|(.*)\|$", re.MULTILINE)


def asvs_rows() -> list[tuple[list[str], str, list[str]]]:
    """Each row's requirements, its state, and the paths it names as evidence."""
    found = []
    for section, first, last, _, rest in ASVS_ROW.findall((ROOT / "docs" / "asvs.md").read_text()):
        ids = [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
        _, state, _, evidence = (cell.strip() for cell in rest.split(" |"))
        found.append((ids, state, re.findall(r"`([^`]+)`", evidence)))
    return found


def test_every_requirement_of_the_asvs_has_one_row() -> None:
    named = [one for ids, _, _ in asvs_rows() for one in ids]
    wanted = [f"{part}.{number + 1}" for part, count in ASVS.items() for number in range(count)]

    assert sum(ASVS.values()) == 70 + 183
    assert named == wanted


def test_evidence_for_the_asvs_is_there() -> None:
    for ids, state, paths in asvs_rows():
        assert state in {"met", "partly", "not met", "–"}, ids
        assert [path for path in paths if not (ROOT / path).exists()] == [], ids
        # No secret question can be shown to be missing.
        assert paths or state == "–" or ids == ["6.4.2"], ids


def test_every_page_is_on_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    missing = [
        page.name
        for page in (ROOT / "docs").glob("*.md")
        if page.name != "README.md" and f"]({page.name})" not in index
    ]

    assert missing == []


def test_every_decision_is_on_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    pages = {page.name for page in (ROOT / "docs" / "decisions").glob("0*.md")}

    assert {name for name in pages if f"]({name})" not in index} == set()
