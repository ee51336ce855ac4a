from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from django.views.decorators.debug import sensitive_variables

View = Callable[..., Any]


def hiding(*names: str) -> Callable[[View], View]:
    """`sensitive_variables` for an operation, whose types django-ninja still has to find.

    It looks for what an annotation names where the function lives, and that would be Django's
    decorator.
    """

    def decorate(view: View) -> View:
        hidden: Any = sensitive_variables(*names)(view)
        hidden.__signature__ = inspect.signature(view, eval_str=True)
        return hidden  # type: ignore[no-any-return]

    return decorate
