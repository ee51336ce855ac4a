"""The OpenAPI document as the documentation page shows it."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from api import document
from api import problems as kinds
from api.words import GROUPS, OPERATIONS

TOKEN_FILE = '"$(cat ~/.config/authnode/token)"'


@dataclass(frozen=True)
class Part:
    """A parameter, or a part of a body."""

    name: str
    where: str
    words: str
    text: str
    is_required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    title: str
    text: str
    answer: str
    opens: str
    scope: str
    parts: list[Part]
    body: list[Part]
    example: str
    problems: tuple[kinds.Kind, ...]
    curl: str
    can_be_tried: bool


@dataclass(frozen=True)
class Group:
    name: str
    title: str
    operations: list[Operation]


def groups() -> list[Group]:
    """All operations, by what they are about."""
    made = document.make()
    site = made["servers"][0]["url"]
    found: dict[str, list[Operation]] = {name: [] for name in GROUPS}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            schemas = made["components"]["schemas"]
            row = _operation(site, path, method.upper(), operation, schemas)
            found[operation["tags"][0]].append(row)
    return [Group(name, str(GROUPS[name]), rows) for name, rows in found.items()]


def problems() -> tuple[kinds.Kind, ...]:
    return kinds.KINDS


def _operation(
    site: str, path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> Operation:
    words = OPERATIONS[operation["operationId"]]
    opens = document.security_of(operation).lower()
    parameters = [each for each in operation["parameters"] if each["in"] != "header"]
    example = json.dumps(words.body, indent=2) if words.body else ""
    return Operation(
        id=operation["operationId"].replace("_", "-"),
        method=method,
        path=path,
        title=str(words.title),
        text=str(words.text),
        answer=str(words.answer),
        opens=opens,
        scope=words.scope,
        parts=[_parameter(each) for each in parameters],
        body=_body(operation, schemas),
        example=example,
        problems=document.problems_of(operation, words),
        curl=_curl(site, path, method, opens, example),
        # Recovering a session would need what only a password can be turned into.
        can_be_tried=bool(opens),
    )


def _parameter(parameter: dict[str, Any]) -> Part:
    schema = parameter["schema"]
    return Part(
        parameter["name"],
        parameter["in"],
        _type(schema),
        parameter.get("description", ""),
        parameter.get("required", False),
        ("true", "false") if "boolean" in _types(schema) else (),
    )


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> list[Part]:
    if "requestBody" not in operation:
        return []
    reference = operation["requestBody"]["content"][document.JSON]["schema"]["$ref"]
    schema = schemas[reference.rpartition("/")[2]]
    needed = schema.get("required", [])
    return [
        Part(name, "body", _type(part), part.get("description", ""), name in needed)
        for name, part in schema["properties"].items()
    ]


def _types(schema: dict[str, Any]) -> list[str]:
    return [each.get("type", "") for each in schema.get("anyOf", [schema])]


def _type(schema: dict[str, Any]) -> str:
    """In words: what a value is, and what it is when nobody says."""
    first = schema.get("anyOf", [schema])[0]
    names = {
        "string": _("text"),
        "integer": _("whole number"),
        "boolean": _("true or false"),
        "array": _("list"),
    }
    word = _("id") if first.get("format") == "uuid" else names.get(first.get("type", ""), "")
    default = schema.get("default")
    if default in (None, "", []):
        return word
    shown = json.dumps(default) if isinstance(default, bool) else str(default)
    return _("%(type)s, %(default)s by default") % {"type": word, "default": shown}


def _curl(site: str, path: str, method: str, opens: str, example: str) -> str:
    lines = ["curl"]
    if method != "GET":
        lines[0] += f" -X {method}"
    if opens == "token":
        lines.append(f'-H "Authorization: Bearer {TOKEN_FILE[1:-1]}"')
    elif opens == "session":
        lines.append("-b cookies.txt")
        if method == "POST":
            lines.append('-H "X-CSRFToken: $CSRF_TOKEN"')
    else:
        lines.append("-c cookies.txt")
    if example:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(_flat(example))}"]
    lines.append(shlex.quote(f"{site}{path}") if "{" in path else f"{site}{path}")
    return " \\\n  ".join(lines)


def _flat(example: str) -> str:
    return json.dumps(json.loads(example))
