from __future__ import annotations

from django import template

from exports.catalogue import FORMATS

register = template.Library()


@register.filter
def readers(name: str) -> str:
    """Who reads the format of this name."""
    return str(FORMATS[name].readers)
