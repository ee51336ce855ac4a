from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from api import schemas
from api.auth import Token
from api.models import ApiToken

router = Router(tags=["token"])


@router.get(
    "/token",
    auth=Token(),
    response=schemas.TokenState,
    operation_id="read_token",
    url_name="token",
)
def read_token(request: HttpRequest) -> ApiToken:
    row: ApiToken = request.auth  # type: ignore[attr-defined]
    return row
