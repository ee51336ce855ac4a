from __future__ import annotations

from django.urls import path

from sessions_lock import views

app_name = "sessions_lock"
urlpatterns = [
    path("session/", views.heartbeat, name="heartbeat"),
    path("session/lock/", views.lock, name="lock"),
    path("settings/security/sessions/", views.sessions, name="sessions"),
    path("settings/security/sessions/timeout/", views.choose_timeout, name="timeout"),
    path("settings/security/sessions/end-others/", views.end_others, name="end-others"),
    path("settings/security/sessions/<uuid:session_id>/end/", views.end, name="end"),
]
