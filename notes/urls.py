from __future__ import annotations

from django.urls import path

from notes.views import many, one, pages

app_name = "notes"
urlpatterns = [
    path("notes/state/", many.state, name="state"),
    path("notes/all/", many.everything, name="all"),
    path("notes/some/", many.some, name="some"),
    path("notes/readable/", many.readable, name="readable"),
    path("notes/search/", many.search, name="search"),
    path("notes/<uuid:entry_id>/", one.note, name="note"),
    path("notes/<uuid:entry_id>/draft/", one.draft, name="draft"),
    path("notes/<uuid:entry_id>/revisions/", one.revisions, name="revisions"),
    path("notes/<uuid:entry_id>/keep/", one.keep, name="keep"),
    path("notes/<uuid:entry_id>/index/", one.index, name="index"),
    path("notes/<uuid:entry_id>/delete/", pages.delete, name="delete"),
    path("settings/notes/", pages.settings, name="settings"),
    path("settings/notes/search/", pages.choose_place, name="choose-place"),
    path("settings/notes/keys/<uuid:key_id>/forget/", pages.forget_key, name="forget-key"),
]
