from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.settings")
django_application = get_wsgi_application()

from authnode import startup  # noqa: E402 - needs the application registry
from core import env  # noqa: E402

startup.verify()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, without the process's secrets in the request.

    Servers may copy the environment into it, and a request ends up in error reports.
    """
    for name in env.SECRETS:
        environ.pop(name, None)
    return django_application(environ, start_response)
