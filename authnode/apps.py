from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AdminConfig(admin.AdminConfig):
    default_site = "authnode.admin.OperatorSite"


class SiteConfig(AppConfig):
    """The site as a whole: its commands look at all the apps."""

    name = "authnode"
