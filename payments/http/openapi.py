"""The OpenAPI document, from what routes declare in `opt`.

Litestar cannot see bodies that are decoded by hand.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler

from payments.http.auth import Schemes, declared_routes
from payments.http.errors import Problem
from payments.http.hot import methods_of
from payments.http.idempotency import KEY_PATTERN
from payments.http.prefer import WAIT_MAX_S
from payments.http.services import services_of

VERSION: Final = "3.1.0"
_REF: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"\{(\w+):(\w+)\}")
_PATH_TYPES: Final[dict[str, dict[str, Any]]] = {
    "int": {"type": "integer", "minimum": 1},
    "str": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
}
_PROBLEM: Final = {"schema": {"$ref": _REF.format(name="Problem")}}
_MONEY_PARAMETERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same caller, key and body get the first outcome again, for ever.",
        "schema": {"type": "string", "pattern": KEY_PATTERN},
    },
    {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": f"`wait=N` waits up to N seconds (at most {WAIT_MAX_S}) for the outcome.",
        "schema": {"type": "string", "examples": ["wait=10"]},
    },
)


class Accepted(msgspec.Struct):
    """The intent is durable; ask for the operation."""

    operation_id: str
    status: str


def document_of(app: Litestar) -> dict[str, Any]:
    """The document of an application's routes."""
    schemes = services_of(app).get(Schemes)
    routes = [(p, h) for p, h in declared_routes(app) if methods_of(h)]
    paths: dict[str, dict[str, Any]] = {}
    secured = {name: dict(s.security) for name, s in sorted(schemes.items()) if s.security}
    components = _Components(_types(handler for _, handler in routes), secured)
    for path, handler in routes:
        shown = _PATH_PARAMETER.sub(r"{\1}", path)
        for method in methods_of(handler):
            paths.setdefault(shown, {})[method.lower()] = _operation(path, handler, components)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Payments",
            "version": "1",
            "description": "Amounts under /v1 are answered as text with all decimals.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.named.items())),
            "securitySchemes": secured,
        },
    }


class _Components:
    """JSON schemas of every struct that any route declares, and the schemes that are described."""

    def __init__(self, types: list[Any], secured: Mapping[str, Any]) -> None:
        self.secured = secured
        schemas, self.named = msgspec.json.schema_components(types, ref_template=_REF)
        self._by_type = {id(t): s for t, s in zip(types, schemas, strict=True)}

    def of(self, type_: Any) -> dict[str, Any]:
        """Schema of a declared type, usually a reference."""
        return self._by_type[id(type_)]


def _types(handlers: Iterable[BaseRouteHandler]) -> list[Any]:
    types: dict[int, Any] = {id(Problem): Problem, id(Accepted): Accepted}
    for handler in handlers:
        opt = handler.opt
        for type_ in (opt.get("body"), *(opt.get("answers") or {}).values()):
            if type_ is not None:
                types[id(type_)] = type_
    return list(types.values())


def _operation(path: str, handler: BaseRouteHandler, components: _Components) -> dict[str, Any]:
    opt = handler.opt
    summary, _, description = (inspect.getdoc(handler.fn) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": summary.rstrip("."),
        "tags": [_tag(path)],
        "parameters": [
            *_path_parameters(path),
            *_query_parameters(opt.get("query")),
            *_header_parameters(opt),
        ],
        "responses": _responses(opt, components),
        "security": [{opt["auth"]: []}] if opt["auth"] in components.secured else [],
    }
    notes = [description.strip(), f"Scope: `{opt['scope']}`." if opt.get("scope") else ""]
    operation["description"] = "\n\n".join(n for n in notes if n)
    if opt.get("body") is not None:
        schema = components.of(opt["body"])
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _tag(path: str) -> str:
    parts = [p for p in path.split("/") if p and "{" not in p]
    return (
        parts[1]
        if len(parts) > 1 and parts[0] in {"v1", "api"}
        else (parts[0] if parts else "root")
    )


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name, type_ in _PATH_PARAMETER.findall(path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_TYPES.get(type_, {"type": "string"}),
        }


def _query_parameters(query: type[msgspec.Struct] | None) -> Iterator[dict[str, Any]]:
    if query is None:
        return
    schema = msgspec.json.schema_components([query], ref_template=_REF)[1][query.__name__]
    for name, property_ in schema["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": property_,
        }


def _header_parameters(opt: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if opt.get("is_money"):
        yield from _MONEY_PARAMETERS


def _responses(opt: dict[str, Any], components: _Components) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if opt.get("is_money"):
        responses["202"] = _response("Accepted: durable, not decided yet", components.of(Accepted))
    for status, type_ in (opt.get("answers") or {}).items():
        responses[str(status)] = _response(
            "Applied" if opt.get("is_money") else "OK", components.of(type_)
        )
    if not responses:
        responses["200"] = {"description": "OK"}
    responses["default"] = {
        "description": "A problem document",
        "content": {"application/problem+json": _PROBLEM},
    }
    return responses


def _response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
