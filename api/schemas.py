"""What goes in and out, as types. The OpenAPI document is made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from api.models import Scope

MOST_A_PAGE = 200
LONGEST_URI = 4096
LONGEST_SEARCH = 100
MOST_SELECTED = 1000
# 32 bytes as base64url: of the last character four bits count.
AUTH_SECRET = r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"

# PostgreSQL knows no NUL, and nobody searches for one.
Search = Annotated[str, StringConstraints(max_length=LONGEST_SEARCH, pattern=r"^[^\x00]*$")]


class Strict(Schema):
    """A body with a part that nobody knows is refused: it is a slip, and would change nothing."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    type: str
    title: str
    status: int
    detail: str


class Category(Schema):
    id: UUID
    name: str


class Entry(Schema):
    id: UUID
    issuer: str
    account_name: str
    type: Literal["totp", "hotp", "steam"]
    algorithm: Literal["SHA1", "SHA256", "SHA512"]
    digits: int
    period: int
    # The next counter of a counter-based account.
    counter: int | None
    website: str
    is_favourite: bool
    categories: list[Category]
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


class EntryPage(Schema):
    items: list[Entry]
    page: int
    pages: int
    total: int


class Filter(Schema):
    q: Search = ""
    category: UUID | None = None
    favourite: bool | None = None
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(50, ge=1, le=MOST_A_PAGE)


class NewEntry(Strict):
    uri: str = Field(min_length=1, max_length=LONGEST_URI)
    allow_duplicate: bool = False


class AddedEntry(Schema):
    entry: Entry
    # Its code is asked for at the sign-in to this very vault.
    guards_this_site: bool


class Code(Schema):
    entry: UUID
    issuer: str
    account_name: str
    code: str
    next_code: str
    period: int
    valid_until: datetime


class CodePage(Schema):
    items: list[Code]
    page: int
    pages: int
    total: int
    # Accounts on this page that show no code here: counter-based ones, unreadable secrets.
    without_code: list[UUID]


class CounterCode(Schema):
    entry: UUID
    issuer: str
    account_name: str
    code: str
    counter: int


class TokenState(Schema):
    name: str
    scopes: list[Scope]
    networks: list[str]
    created_at: datetime
    expires_at: datetime


class SessionState(Schema):
    """Times are milliseconds; `now` counts from 1970."""

    remaining: int
    lead: int
    minutes: int
    final: bool
    now: int


class Activity(Strict):
    idle: int = Field(ge=0, le=10**9)


class Recovery(Strict):
    email: str = Field(min_length=3, max_length=254)
    auth_secret: str = Field(pattern=AUTH_SECRET)
    code: str = Field(min_length=1, max_length=64)


class RecoveredSession(Schema):
    session: SessionState
    # It sees codes; exports, secrets and changes wait until a second factor is shown or added.
    is_restricted: bool
    codes_left: int
    csrf_token: str


class ExportWish(Strict):
    format: Literal["aegis", "andotp", "plaintext", "qrcodes"]
    what: Literal["all", "favourites", "categories", "selected"] = "all"
    categories: list[UUID] = Field(default=[], max_length=100)
    entries: list[UUID] = Field(default=[], max_length=MOST_SELECTED)
    password: str | None = Field(None, max_length=1024)
    # Whoever wants a file that anybody can read says so.
    without_password: bool = False
    compatible_steam: bool = False
    layout: Literal["1", "2", "3", "large"] = "3"


class ExportState(Schema):
    id: UUID
    state: Literal["waiting", "running", "ready", "failed", "gone"]
    count: int
    expires_at: datetime
    state_url: str
    download_url: str
