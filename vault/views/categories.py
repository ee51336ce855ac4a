from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vault import services
from vault.forms import CategoryForm
from vault.models import Category
from vault.refusals import VaultRefusal
from vault.views.finding import find, id_of, owner_of, posted_json, wants_json


@require_GET
def list_categories(request: HttpRequest) -> HttpResponse:
    return _page(request, CategoryForm())


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = CategoryForm(request.POST)
    if form.is_valid():
        try:
            category = services.add_category(
                owner=owner_of(request),
                name=form.cleaned_data["name"],
                tint=form.cleaned_data["tint"],
                at=timezone.now(),
            )
        except VaultRefusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("%(name)s is added.") % {"name": category.name})
            return redirect("vault:categories")
    return _page(request, form)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, category_id: UUID) -> HttpResponse:
    category = find(request, Category.objects.all(), category_id)
    initial = {"name": category.name, "tint": category.tint}
    form = CategoryForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_category(
                category=category,
                name=form.cleaned_data["name"],
                tint=form.cleaned_data["tint"] or category.tint,
                at=timezone.now(),
            )
        except VaultRefusal as refusal:
            form.add_error("name", str(refusal))
        else:
            return redirect("vault:categories")
    return render(request, "vault/category.html", {"category": category, "form": form})


@require_POST
def move(request: HttpRequest, category_id: UUID) -> HttpResponse:
    """One place up or down, or right beside another category."""
    category = find(request, Category.objects.all(), category_id)
    body = posted_json(request) if wants_json(request) else {}
    for side in ("before", "after"):
        if side in body:
            other = find(request, Category.objects.all(), id_of(body[side]))
            place = services.move_category_beside(
                category=category, other=other, is_before=side == "before"
            )
            return JsonResponse({"place": place})
    services.move_category(category=category, by=-1 if request.POST.get("by") == "up" else 1)
    return redirect("vault:categories")


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, category_id: UUID) -> HttpResponse:
    category = find(request, Category.objects.all(), category_id)
    if request.method == "GET":
        count = category.entries.live().count()
        return render(request, "vault/delete_category.html", {"category": category, "count": count})
    services.delete_category(category=category, at=timezone.now())
    messages.success(request, _("%(name)s is deleted.") % {"name": category.name})
    return redirect("vault:categories")


def _page(request: HttpRequest, form: CategoryForm) -> HttpResponse:
    live = Count("entries", filter=Q(entries__trashed_at=None))
    categories = Category.objects.for_owner(owner_of(request)).in_order().annotate(count=live)
    return render(request, "vault/categories.html", {"categories": categories, "form": form})
