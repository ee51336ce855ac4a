from __future__ import annotations

from django.contrib.admin import apps as admin


class AdminConfig(admin.AdminConfig):
    default_site = "authnode.admin.OperatorSite"
