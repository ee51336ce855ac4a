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
