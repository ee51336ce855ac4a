"""The OpenAPI document: what django-ninja knows from the types, and what `api.words` says of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import get_script_prefix

from api import problems
from api.site import api
from api.words import GROUPS, OPERATIONS, PARTS, Words
from exports.catalogue import FORMATS

JSON = "application/json"
PROBLEM = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "required": True}}
# What every operation may answer, whatever it is about.
USUAL = (problems.NOT_VALID, problems.TOO_MANY, problems.FAULT, problems.AWAY)
WITH_BODY = (problems.BAD_REQUEST, problems.TOO_LARGE, problems.NOT_JSON)
WITH_TOKEN = (problems.TOKEN_NOT_VALID, problems.ADDRESS_NOT_ALLOWED, problems.FACTOR_NEEDED)
WITH_SESSION = (
    *(problems.NOT_SIGNED_IN, problems.SESSION_LOCKED, problems.FACTOR_NEEDED),
    *(problems.CONFIRMATION_NEEDED, problems.NEW_PASSWORD_NEEDED),
)
FILES = ("export_applications", "download_export")
FORMATS_HERE = ("aegis", "andotp", "plaintext", "qrcodes")


def make() -> dict[str, Any]:
    """The document, in the language of the request."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="/api/"))
    root = get_script_prefix().rstrip("/")
    site = settings.SITE_URL.removesuffix(root)
    made["servers"] = [{"url": f"{site}{root}"}]
    made["tags"] = [{"name": name, "description": str(words)} for name, words in GROUPS.items()]
    _describe_schemas(made["components"])
    for methods in made["paths"].values():
        for method, operation in methods.items():
            _describe(operation, OPERATIONS[operation["operationId"]], method)
    return made


def security_of(operation: dict[str, Any]) -> str:
    """The name of what opens it, or nothing."""
    return next((name for way in operation.get("security", ()) for name in way), "")


def problems_of(operation: dict[str, Any], words: Words) -> tuple[problems.Kind, ...]:
    kinds = [*words.problems, *USUAL]
    if "requestBody" in operation:
        kinds += WITH_BODY
    way = security_of(operation)
    if way == "Token":
        kinds += WITH_TOKEN
    elif way == "Session":
        kinds += WITH_SESSION
    if words.scope:
        kinds.append(problems.SCOPE_MISSING)
    return tuple(dict.fromkeys(kinds))


def _describe(operation: dict[str, Any], words: Words, method: str) -> None:
    operation["summary"] = str(words.title)
    operation["description"] = str(words.text)
    if words.scope:
        operation["x-scope"] = words.scope
    for parameter in operation["parameters"]:
        if parameter["name"] in PARTS:
            parameter["description"] = str(PARTS[parameter["name"]])
    if security_of(operation) == "Session" and method == "post":
        operation["parameters"].append(_csrf_header())
    if words.body:
        operation["requestBody"]["content"][JSON]["example"] = dict(words.body)
    for status, response in operation["responses"].items():
        response["description"] = str(words.answer)
        if operation["operationId"] == "add_entry":
            location = {"schema": {"type": "string", "format": "uri-reference"}}
            response["headers"] = {"Location": location}
        del status
    if operation["operationId"] in FILES:
        operation["responses"][200] = {
            "description": str(OPERATIONS["download_export"].answer),
            "content": _files(),
        }
    _add_problems(operation, words)


def _add_problems(operation: dict[str, Any], words: Words) -> None:
    for kind in problems_of(operation, words):
        found = operation["responses"].setdefault(
            kind.status, {"description": "", "content": PROBLEM}
        )
        if "Retry-After" not in found.get("headers", {}) and kind.status in (429, 503):
            found["headers"] = RETRY_AFTER
        found["description"] = " ".join(filter(None, (found["description"], str(kind.title))))


def _csrf_header() -> dict[str, Any]:
    return {
        "name": "X-CSRFToken",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": str(problems.FORGED.advice),
    }


def _files() -> dict[str, Any]:
    kinds = [FORMATS[name] for name in FORMATS_HERE]
    types = {kind.media_type.partition(";")[0] for kind in kinds} | {
        kind.sealed_media_type for kind in kinds
    }
    return {name: {"schema": {"type": "string", "format": "binary"}} for name in sorted(types)}


def _describe_schemas(components: dict[str, Any]) -> None:
    components["schemas"]["Problem"] = {
        "title": "Problem",
        "description": "RFC 9457. Some kinds add parts of their own, such as `errors`.",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "continue_at": {"type": "string", "format": "uri-reference"},
            "needs": {"type": "string"},
            "entry": {"type": "string", "format": "uuid"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["where", "problem"],
                    "properties": {"where": {"type": "string"}, "problem": {"type": "string"}},
                },
            },
        },
    }
    for name in ("NewEntry", "Activity", "Recovery", "ExportWish"):
        for part, content in components["schemas"][name]["properties"].items():
            if part in PARTS:
                content["description"] = str(PARTS[part])
    schemes = components["securitySchemes"]
    schemes["Session"]["name"] = settings.SESSION_COOKIE_NAME
