from __future__ import annotations

from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, SimpleTestCase

from vault import services
from vault.views.finding import told_when_gone


@told_when_gone
def deed(request: HttpRequest) -> HttpResponse:
    raise services.EntryGone


class GoneMeanwhileTests(SimpleTestCase):
    """Between finding an entry and the deed another tab has put it into the trash."""

    def test_leads_back_with_a_sentence(self) -> None:
        request = RequestFactory().post("/", headers={"accept": "text/html"})
        request._messages = CookieStorage(request)  # type: ignore[attr-defined]

        response = deed(request)

        assert response.headers["Location"] == "/"
        assert [str(message) for message in get_messages(request)] == [str(services.EntryGone())]

    def test_tells_a_script(self) -> None:
        request = RequestFactory().post("/", headers={"accept": "application/json"})

        assert deed(request).status_code == 409
