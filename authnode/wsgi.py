from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authnode.settings")
application = get_wsgi_application()

from authnode import startup  # noqa: E402 - needs the application registry

startup.verify()
