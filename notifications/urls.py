from __future__ import annotations

from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.show_inbox, name="inbox"),
    path("read/", views.mark_all_read, name="read-all"),
    path("<uuid:notification_id>/read/", views.mark_read, name="read"),
    path("preferences/", views.edit_preferences, name="preferences"),
]
