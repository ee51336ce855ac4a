from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin
from django.db.models.signals import post_migrate


class AdminConfig(admin.AdminConfig):
    default_site = "authnode.admin.OperatorSite"


class SiteConfig(AppConfig):
    """The site as a whole: its commands look at all the apps."""

    name = "authnode"

    def ready(self) -> None:
        from authnode import permissions

        last = list(apps.get_app_configs())[-1]
        post_migrate.connect(permissions.keep_in_step, sender=last, dispatch_uid="roles")
