"""Where a deed comes from: set once per request, read by everything that is recorded."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Origin:
    address: str = ""
    browser: str = ""
    request_id: str = ""
    is_request: bool = False
    # What to record once the view and its transaction are over.
    afterwards: list[Callable[[], object]] = field(default_factory=list)


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("audit_origin", default=NOWHERE)

current = _origin.get
enter = _origin.set
leave = _origin.reset
