from __future__ import annotations

from django.urls import path

from imports import views

app_name = "imports"
urlpatterns = [
    path("import/", views.start, name="start"),
    path("import/<uuid:batch_id>/", views.show, name="batch"),
    path("import/<uuid:batch_id>/open/", views.unlock, name="open"),
    path("import/<uuid:batch_id>/status/", views.status, name="status"),
    path("import/<uuid:batch_id>/codes/", views.codes, name="codes"),
    path("import/<uuid:batch_id>/choices/", views.choose, name="choose"),
    path("import/<uuid:batch_id>/finish/", views.finish, name="finish"),
    path("import/<uuid:batch_id>/cancel/", views.cancel, name="cancel"),
    path("import/<uuid:batch_id>/undo/", views.undo, name="undo"),
]
