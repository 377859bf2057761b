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
from payments.operations.outcome import Reason

VERSION: Final = "3.1.0"
_REF: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"\{(\w+):(\w+)\}")
_PATH_TYPES: Final[dict[str, dict[str, Any]]] = {
    "int": {"type": "integer", "minimum": 1},
    "str": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
}
_PROBLEM: Final = {"schema": {"$ref": _REF.format(name="Problem")}}
_IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same caller, key and body get the first outcome again, for ever.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
_PREFER: Final[dict[str, Any]] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": f"`wait=N` waits up to N seconds (at most {WAIT_MAX_S}) for the outcome.",
    "schema": {"type": "string", "examples": ["wait=10"]},
}
_MONEY_HEADERS: Final = {
    "Location": "The operation: GET it for the outcome.",
    "Idempotency-Replayed": "`true` when this caller has sent this key and body before.",
    "Preference-Applied": "`wait` when `Prefer` asked to wait.",
}
_DESCRIPTION: Final = """Amounts under `/v1` are answered as text with all decimals.

An error is a problem document (RFC 9457): `code` is for programs and never changes, `detail` is for
people, `errors[]` names fields, `retryable` says whether the same request may succeed later.

In the development profile `/api/v1`, `/api/webhook` and `/api/organizations` are open on loopback;
in production they need the credentials written here. Every path is served with and without a slash
at its end."""
_EMPTY: Final = {"description": "Done; there is nothing to say"}
_SAYS: Final = {201: "Created, or applied", 202: "Accepted: durable, not decided yet"}


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
            "description": _DESCRIPTION,
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
    notes.append(_refusals(opt.get("refusals")))
    operation["description"] = "\n\n".join(n for n in notes if n)
    if opt.get("body") is not None:
        content: dict[str, Any] = {"schema": components.of(opt["body"])}
        example = getattr(opt["body"], "example", None)
        if example is not None:
            content["example"] = example
        operation["requestBody"] = {
            "required": not opt.get("may_be_empty"),
            "content": {"application/json": content},
        }
    return operation


def _refusals(refusals: Iterable[Reason] | None) -> str:
    """Which problems an outcome may be, when it is waited for."""
    told = [f"{r.http_status} `{r.code}`" for r in refusals or ()]
    return f"Refusals: {', '.join(told)}." if told else ""


def _tag(path: str) -> str:
    """The first word of a path that is not its version."""
    parts = [p for p in path.split("/") if p and "{" not in p]
    return next((p for p in parts if p not in {"api", "v1"}), "root")


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
    if opt.get("is_money") or opt.get("takes_key"):
        yield _IDEMPOTENCY_KEY
    if opt.get("is_money") or opt.get("waits"):
        yield _PREFER
    for name, meaning in (opt.get("headers") or {}).items():
        schema = {"type": "string"}
        yield {"name": name, "in": "header", "description": meaning, "schema": schema}


def _responses(opt: dict[str, Any], components: _Components) -> dict[str, Any]:
    is_money = bool(opt.get("is_money"))
    answers = {202: Accepted} if is_money else {}
    answers |= opt.get("answers") or {}
    responses: dict[str, Any] = {
        str(status): _EMPTY
        if type_ is None
        else _response(status, components.of(type_), is_money=is_money)
        for status, type_ in answers.items()
    }
    if not responses:
        responses["200"] = {"description": "OK"}
    responses["default"] = {
        "description": "A problem document",
        "content": {"application/problem+json": _PROBLEM},
    }
    return responses


def _response(status: int, schema: dict[str, Any], *, is_money: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": _SAYS.get(status, "OK"),
        "content": {"application/json": {"schema": schema}},
    }
    if is_money:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in _MONEY_HEADERS.items()
        }
    return found
