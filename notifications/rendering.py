"""The words of a mail: subject, text and HTML from `templates/emails/<template>/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.template import Context, engines
from django.utils import translation

TIMES = ("at", "expires_at", "usable_from")


@dataclass(frozen=True)
class Message:
    subject: str
    text: str
    html: str


def render(template: str, context: Mapping[str, object]) -> Message:
    """Render a mail in the language of the site."""
    words = {
        **{name: _time(value) if name in TIMES else value for name, value in context.items()},
        "site_url": settings.SITE_URL,
        "site_host": urlsplit(settings.SITE_URL).netloc,
        "time_zone": settings.TIME_ZONE,
    }
    with translation.override(settings.LANGUAGE_CODE):
        subject = _render(f"emails/{template}/subject.txt", words, escape=False)
        return Message(
            # A header is one line: whatever line break a name brought along becomes a space.
            subject=" ".join(subject.split()),
            text=_render(f"emails/{template}/body.txt", words, escape=False).strip() + "\n",
            html=_render(f"emails/{template}/body.html", words, escape=True),
        )


def _time(value: object) -> object:
    # Times come as text from callers whose words go through JSON.
    return datetime.fromisoformat(value) if isinstance(value, str) and value else value


def _render(name: str, words: Mapping[str, object], *, escape: bool) -> str:
    # Django escapes for HTML whatever the file is called; plain text must not be.
    template = engines["django"].engine.get_template(name)  # type: ignore[attr-defined]
    return str(template.render(Context(dict(words), autoescape=escape)))
