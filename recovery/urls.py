from __future__ import annotations

from django.urls import path

from recovery.views import managing, redeeming

app_name = "recovery"
urlpatterns = [
    path("sign-in/backup-code/", redeeming.present, name="present"),
    path("reset/backup-code/", redeeming.show_for_reset, name="reset"),
    path("settings/security/backup-codes/new/", managing.new_codes, name="new-codes"),
    path("settings/security/backup-codes/confirm/", managing.confirm, name="confirm"),
    path("settings/security/backup-codes/invalidate/", managing.invalidate, name="invalidate"),
    path("help/backup-codes/", managing.help_page, name="help"),
]
