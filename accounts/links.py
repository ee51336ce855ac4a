from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *, token: str = "") -> str:
    """The full address of a page. A token goes into the fragment, which no server ever logs."""
    site = urlsplit(settings.SITE_URL)
    link = f"{site.scheme}://{site.netloc}{reverse(name)}"
    return f"{link}#{token}" if token else link
