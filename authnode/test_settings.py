"""The settings of the tests: the same, only fast, and with keys of their own."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("AUTHNODE_VAR", tempfile.mkdtemp(prefix="authnode-test-"))
os.environ["SECRET_KEY"] = "tests-only-" + "x" * 50
os.environ["MASTER_KEY"] = "k1:" + "A" * 43
os.environ["BACKUP_KEY"] = "b1:" + "B" * 43
os.environ["SITE_URL"] = "http://localhost:8000"
os.environ["EMAIL_URL"] = "smtp://localhost"

from authnode.settings import *  # noqa: F403
from authnode.settings import CACHES, REDIS_URL, STORAGES

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["accounts.tests.hashers.FastHasher"]
CELERY_TASK_ALWAYS_EAGER = True
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
if REDIS_URL:
    # A database of its own for each worker: they would count each other's requests otherwise.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    CACHES["default"]["LOCATION"] = f"{REDIS_URL.rstrip('/').removesuffix('/0')}/{worker}"
