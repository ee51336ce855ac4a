from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("notifications/", views.show_inbox, name="inbox"),
    path("notifications/read/", views.mark_all_read, name="read-all"),
    path("notifications/<uuid:notification_id>/read/", views.mark_read, name="read"),
    path("settings/notifications/", views.edit_preferences, name="preferences"),
    path("settings/notifications/address/", views.set_endpoint, name="set-endpoint"),
    path("settings/notifications/address/test/", views.test_endpoint, name="test-endpoint"),
    path("settings/notifications/address/remove/", views.remove_endpoint, name="remove-endpoint"),
    path(
        "notifications/preferences/",
        RedirectView.as_view(pattern_name="notifications:preferences", permanent=True),
        name="former-preferences",
    ),
]
