from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from vault import services
from vault.views.finding import owner_of


@require_GET
def list_duplicates(request: HttpRequest) -> HttpResponse:
    found = services.find_duplicates(owner=owner_of(request))
    return render(request, "vault/duplicates.html", {"duplicates": found})
