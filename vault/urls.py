from __future__ import annotations

from django.urls import path

from vault.views import adding, categories, entries, icons, listing, trash

app_name = "vault"
urlpatterns = [
    path("", listing.list_codes, name="list"),
    path("codes/", listing.list_refreshed, name="codes"),
    path("entries/add/", adding.add, name="add"),
    path("entries/add/pictures/", adding.add_pictures, name="add-pictures"),
    path("entries/add/frame/", adding.read_frame, name="read-frame"),
    path("entries/add/text/", adding.add_text, name="add-text"),
    path("entries/add/manually/", adding.add_manually, name="add-manually"),
    path("entries/preview/", adding.preview, name="preview"),
    path("entries/added/", adding.added, name="added"),
    path("entries/added/undo/", adding.undo, name="undo"),
    path("drafts/<uuid:draft_id>/add/", adding.add_draft, name="add-draft"),
    path("drafts/<uuid:draft_id>/skip/", adding.skip_draft, name="skip-draft"),
    path("entries/<uuid:entry_id>/", entries.edit, name="edit"),
    path("entries/<uuid:entry_id>/favourite/", entries.set_favourite, name="favourite"),
    path("entries/<uuid:entry_id>/move/", entries.move, name="move"),
    path("entries/<uuid:entry_id>/trash/", entries.trash, name="trash-entry"),
    path("entries/<uuid:entry_id>/used/", entries.mark_used, name="used"),
    path("entries/<uuid:entry_id>/next-code/", entries.next_code, name="next-code"),
    path("entries/<uuid:entry_id>/secret/", entries.secret, name="secret"),
    path("entries/<uuid:entry_id>/secret/reveal/", entries.reveal, name="reveal"),
    path("trash/", trash.list_trash, name="trash"),
    path("trash/empty/", trash.empty, name="empty-trash"),
    path("trash/<uuid:entry_id>/restore/", trash.restore, name="restore"),
    path("trash/<uuid:entry_id>/delete/", trash.purge, name="purge"),
    path("categories/", categories.list_categories, name="categories"),
    path("categories/add/", categories.add, name="add-category"),
    path("categories/<uuid:category_id>/", categories.edit, name="edit-category"),
    path("categories/<uuid:category_id>/move/", categories.move, name="move-category"),
    path("categories/<uuid:category_id>/delete/", categories.delete, name="delete-category"),
    path("icons/<slug:slug>.svg", icons.icon, name="icon"),
]
