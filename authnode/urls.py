from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from authnode import health, help_pages, metrics, views

urlpatterns = [
    path("", include("vault.urls")),
    path("", include("accounts.urls")),
    path("", include("recovery.urls")),
    path("", include("sessions_lock.urls")),
    path("", include("anomalies.urls")),
    path("", include("notes.urls")),
    path("", include("exports.urls")),
    path("", include("imports.urls")),
    path("", include("backups.urls")),
    path("", include("api.urls")),
    path("activity/", include("audit.urls")),
    path("", include("notifications.urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("help/", help_pages.index, name="help"),
    *(
        path(f"help/{page.slug}/", help_pages.show, {"page": page}, name=page.name)
        for page in help_pages.OWN_PAGES
    ),
    path("offline/", views.offline, name="offline"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("service-worker.js", views.service_worker, name="service-worker"),
]

handler400 = "authnode.views.bad_request"
handler403 = "authnode.views.forbidden"
handler404 = "authnode.views.not_found"
handler500 = "authnode.views.server_error"
