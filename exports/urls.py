from __future__ import annotations

from django.urls import path

from exports import views

app_name = "exports"
urlpatterns = [
    path("exports/new/", views.new, name="new"),
    path("exports/selected/", views.select, name="select"),
    path("exports/review/", views.review, name="review"),
    path("exports/make/", views.make, name="make"),
    path("exports/<uuid:export_id>/", views.progress, name="progress"),
    path("exports/<uuid:export_id>/state/", views.state, name="state"),
    path("exports/<uuid:export_id>/download/", views.download, name="download"),
    path("exports/<uuid:export_id>/cancel/", views.cancel, name="cancel"),
]
