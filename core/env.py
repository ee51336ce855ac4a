"""Typed readers of the environment.

A secret may also be given as `NAME_FILE`, the path of a file that holds it, as container
platforms mount secrets; the file wins over a default, the variable over the file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}


# Names of the variables read as secrets; servers must not hand these on.
SECRETS: set[str] = set()


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def boolean(name: str, default: bool = False) -> bool:
    word = os.environ.get(name)
    if word is None:
        return default
    if word.strip().lower() in TRUE_WORDS:
        return True
    if word.strip().lower() in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not “{word}”.")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    word = text(name)
    if not word:
        return default
    try:
        number = int(word)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not “{word}”.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must lie between {least} and {most}, not {number}.")
    return number


def items(name: str, default: str = "") -> list[str]:
    """A list written with commas or white space between its items."""
    return text(name, default).replace(",", " ").split()


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    word = text(name, default).lower()
    if word not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not “{word}”.")
    return word


def mapping(name: str) -> dict[str, Any]:
    """A JSON object; nothing is an empty one."""
    word = text(name)
    try:
        found = json.loads(word) if word else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f'{name} must be a JSON object, like {{"option": 1}}.')
    return found


def secret_file(name: str, *, default_file: Path | None = None) -> Path | None:
    """The file that `secret` reads; None when the value stands in the environment itself."""
    if os.environ.get(name):
        return None
    path = text(f"{name}_FILE")
    return Path(path) if path else default_file


def secret(name: str, *, default_file: Path | None = None) -> str:
    """The secret called `name`; "" when it is given nowhere."""
    SECRETS.add(name)
    if os.environ.get(name):
        return os.environ[name].strip()
    path = text(f"{name}_FILE")
    file = Path(path) if path else default_file
    if file is None or (not path and not file.exists()):
        return ""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret {name} cannot be read from {file}: {error.strerror}."
        ) from None
