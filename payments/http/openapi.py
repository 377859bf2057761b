"""The OpenAPI document, from what routes declare in their `Access`.

Litestar cannot see bodies that are decoded by hand.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler

from payments.http.access import Access, access_of
from payments.http.auth import Schemes, declared_routes
from payments.http.errors import Problem
from payments.http.hot import methods_of
from payments.http.idempotency import KEY_PATTERN
from payments.http.paths import PARAMETER, SCHEMAS
from payments.http.prefer import WAIT_MAX_S
from payments.http.services import services_of
from payments.operations.outcome import Refusal

VERSION: Final = "3.1.0"
_REF: Final = "#/components/schemas/{name}"
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
_STALE_HEADER: Final = {
    "Payments-Stale": "`true` when something accepted before this request may not be shown yet.",
}
_DESCRIPTION: Final = """Amounts under `/v1` are answered as text with all decimals.

An error is a problem document (RFC 9457): `code` is for programs and never changes, `detail` is for
people, `errors[]` names fields, `retryable` says whether the same request may succeed later.

In the development profile `/api/v1`, `/api/webhook` and `/api/organizations` are open on loopback;
in production they need the credentials written here. Every path is served with and without a slash
at its end."""
_EMPTY: Final = {"description": "Done; there is nothing to say"}
_SAYS: Final = {201: "Created, or applied", 202: "Accepted: durable, not decided yet"}


def document_of(app: Litestar) -> dict[str, Any]:
    """The document of an application's routes."""
    schemes = services_of(app).get(Schemes)
    routes = [(p, h) for p, h in declared_routes(app) if methods_of(h)]
    paths: dict[str, dict[str, Any]] = {}
    secured = {name: dict(s.security) for name, s in sorted(schemes.items()) if s.security}
    components = _Components(_types(handler for _, handler in routes), secured)
    for path, handler in routes:
        shown = PARAMETER.sub(r"{\1}", path)
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


def declared(handler: BaseRouteHandler) -> Access:
    """What a route declares; the application does not start with a route that declares nothing."""
    access = access_of(handler)
    if access is None:
        raise ValueError(f"{handler} declares no Access")
    return access


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
    types: dict[int, Any] = {id(Problem): Problem}
    for handler in handlers:
        access = declared(handler)
        for type_ in (access.body, *_answers(access).values()):
            if type_ is not None:
                types[id(type_)] = type_
    return list(types.values())


def _answers(access: Access) -> Mapping[int, Any]:
    """Struct by status: the route's own, or what follows from its operation."""
    if access.is_submitted:
        return {201: access.applied, 202: access.accepted}
    return access.answers or {}


def _operation(path: str, handler: BaseRouteHandler, components: _Components) -> dict[str, Any]:
    access = declared(handler)
    summary, _, description = (inspect.getdoc(handler.fn) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": summary.rstrip("."),
        "tags": [_tag(path)],
        "parameters": [
            *_path_parameters(path),
            *_query_parameters(access.query),
            *_header_parameters(access),
        ],
        "responses": _responses(access, _headers(access, methods_of(handler)[0]), components),
        "security": [{access.auth: []}] if access.auth in components.secured else [],
    }
    notes = [description.strip(), f"Scope: `{access.scope}`." if access.scope else ""]
    notes.append(_refusals(access.refusals))
    operation["description"] = "\n\n".join(n for n in notes if n)
    if access.body is not None:
        content: dict[str, Any] = {"schema": components.of(access.body)}
        example = getattr(access.body, "example", None)
        if example is not None:
            content["example"] = example
        operation["requestBody"] = {
            "required": not access.may_be_empty,
            "content": {"application/json": content},
        }
    return operation


def _refusals(refusals: Iterable[Refusal]) -> str:
    """Which problems an outcome may be, when it is waited for, in order of precedence."""
    words = [f"{r.http_status} `{r.code}`" for r in refusals]
    return f"Refusals: {', '.join(words)}." if words else ""


def _tag(path: str) -> str:
    """The first word of a path that is not its version."""
    parts = [p for p in path.split("/") if p and "{" not in p]
    return next((p for p in parts if p not in {"api", "v1"}), "root")


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name, _ in PARAMETER.findall(path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": dict(SCHEMAS[name]),
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


def _header_parameters(access: Access) -> Iterator[dict[str, Any]]:
    if access.takes_key:
        yield _IDEMPOTENCY_KEY
    if access.takes_wait:
        yield _PREFER
    for name, meaning in access.headers.items():
        schema = {"type": "string"}
        yield {"name": name, "in": "header", "description": meaning, "schema": schema}


def _headers(access: Access, method: str) -> Mapping[str, str]:
    """What each header of an answer says."""
    money = _MONEY_HEADERS if access.takes_key and access.takes_wait else {}
    return {**money, **(_STALE_HEADER if access.waits_for_accepted(method) else {})}


def _responses(
    access: Access, headers: Mapping[str, str], components: _Components
) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): _EMPTY if type_ is None else _response(status, components.of(type_), headers)
        for status, type_ in _answers(access).items()
    }
    for status in sorted({r.http_status for r in access.refusals}):
        responses[str(status)] = _refused([r for r in access.refusals if r.http_status == status])
    if not responses:
        responses["200"] = {"description": "OK"}
    responses["default"] = {
        "description": "A problem document",
        "content": {"application/problem+json": _PROBLEM},
    }
    return responses


def _refused(refusals: list[Refusal]) -> dict[str, Any]:
    """The refusals of one status, each with its sentence."""
    lines = [f"* `{r.code}`: {r.sentence}{_carried(r)}" for r in refusals]
    return {
        "description": "\n".join(lines),
        "content": {"application/problem+json": _PROBLEM},
    }


def _carried(refusal: Refusal) -> str:
    if refusal.carries is None:
        return ""
    names = ", ".join(f"`{n}`" for n in refusal.carries.__struct_encode_fields__)
    return f" Carries {names}."


def _response(status: int, schema: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": _SAYS.get(status, "OK"),
        "content": {"application/json": {"schema": schema}},
    }
    if headers:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return found
