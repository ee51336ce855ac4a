from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.recorder import MigrationRecorder
from django.test import RequestFactory, override_settings

from authnode import startup
from tests import base


class StartupTests(base.TestCase):
    def test_is_content_with_the_database_of_this_release(self) -> None:
        startup.verify()

    def test_says_what_to_do_when_a_migration_is_missing(self) -> None:
        MigrationRecorder.Migration.objects.filter(app="vault").delete()

        with pytest.raises(ImproperlyConfigured, match=r"run “manage\.py migrate”"):
            startup.verify()

    @override_settings(MASTER_KEY="k1:" + "C" * 42 + "A")
    def test_refuses_a_wrong_master_key(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="is not the one that sealed"):
            startup.verify()


class RequestEnvironmentTests(base.TestCase):
    def test_holds_no_secret_of_the_process(self) -> None:
        from authnode import wsgi

        environ = RequestFactory().get("/health/live").environ
        environ.update({"MASTER_KEY": "k1:x", "SECRET_KEY": "x"})
        wsgi.application(environ, lambda *_: None)

        assert environ.keys().isdisjoint({"MASTER_KEY", "SECRET_KEY"})
