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
from payments.http.components import Components, for_clients, with_kinds
from payments.http.csv_answer import CSV, CsvQuery
from payments.http.errors import Problem
from payments.http.hot import methods_of
from payments.http.idempotency import KEY_PATTERN
from payments.http.operations import Refusals
from payments.http.paths import PARAMETER, SCHEMAS
from payments.http.prefer import WAIT_MAX_S
from payments.http.problems import ANY_PROBLEM, codes_of, problem_answer, problems, with_codes
from payments.http.services import services_of
from payments.http.tags import tag_of, tags_of
from payments.operations.outcome import Refusal

VERSION: Final = "3.1.0"
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
    routes = [
        (p, h) for p, h in declared_routes(app) if methods_of(h) and declared(h).is_documented
    ]
    paths: dict[str, dict[str, Any]] = {}
    secured = {name: dict(s.security) for name, s in sorted(schemes.items()) if s.security}
    document = _Document(routes, secured)
    for path, handler in routes:
        shown = PARAMETER.sub(r"{\1}", path)
        for method in methods_of(handler):
            paths.setdefault(shown, {})[method.lower()] = document.operation(path, handler)
    schemas = document.components.named
    kinds = services_of(app).get(Refusals).kinds
    schemas = {name: with_kinds(schema, kinds) for name, schema in schemas.items()}
    schemas["Problem"] = with_codes(schemas["Problem"], codes_of(app))
    return {
        "openapi": VERSION,
        "info": {
            "title": "Payments",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that this document came from"}],
        "tags": tags_of(tag_of(path) for path, _ in routes),
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": secured},
    }


def declared(handler: BaseRouteHandler) -> Access:
    """What a route declares; the application does not start with a route that declares nothing."""
    access = access_of(handler)
    if access is None:
        raise ValueError(f"{handler} declares no Access")
    return access


def _types(handlers: Iterable[BaseRouteHandler]) -> list[Any]:
    types: dict[int, Any] = {id(Problem): Problem}
    for handler in handlers:
        access = declared(handler)
        bodies = (access.body, *access.uploads.values(), *access.mentions)
        for type_ in (*bodies, *_answers(access).values()):
            if type_ is not None:
                types[id(type_)] = type_
    return list(types.values())


def _queries(handlers: Iterable[BaseRouteHandler]) -> list[Any]:
    queries = [declared(handler).query for handler in handlers]
    return list({id(query): query for query in queries if query is not None}.values())


def _answers(access: Access) -> Mapping[int, Any]:
    """Struct by status: the route's own, or what follows from its operation."""
    if access.is_submitted:
        return {201: access.applied, 202: access.accepted}
    return access.answers or {}


class _Document:
    """The operations of a document, with the schemas they share."""

    def __init__(
        self, routes: Iterable[tuple[str, BaseRouteHandler]], secured: Mapping[str, Any]
    ) -> None:
        handlers = [handler for _, handler in routes]
        self.components = Components(_types(handlers), _queries(handlers))
        self._secured = secured

    def operation(self, path: str, handler: BaseRouteHandler) -> dict[str, Any]:
        """One method of a path."""
        access = declared(handler)
        summary, _, description = (inspect.getdoc(handler.fn) or "").partition("\n")
        notes = [description.strip(), f"Scope: `{access.scope}`." if access.scope else ""]
        notes.append(_refusals(access.refusals))
        operation: dict[str, Any] = {
            "operationId": handler.fn.__name__,
            "summary": summary.rstrip("."),
            "description": "\n\n".join(n for n in notes if n),
            "tags": [tag_of(path)],
            "parameters": [
                *_path_parameters(path),
                *self._query_parameters(access.query),
                *_header_parameters(access),
            ],
            "responses": self._responses(path, access, methods_of(handler)[0]),
            "security": [{access.auth: []}] if access.auth in self._secured else [],
        }
        content = self._content(access)
        if content:
            operation["requestBody"] = {"required": not access.may_be_empty, "content": content}
        return operation

    def _content(self, access: Access) -> dict[str, Any]:
        """What a body may be, by media type."""
        uploads = {media: {"schema": self._of(type_)} for media, type_ in access.uploads.items()}
        if access.body is None:
            return uploads
        content = {"schema": self._of(access.body)}
        example = getattr(access.body, "example", None)
        return {"application/json": content if example is None else {**content, "example": example}}

    def _query_parameters(self, query: type[msgspec.Struct] | None) -> Iterator[dict[str, Any]]:
        if query is None:
            return
        schema = self.components.fields_of(query)
        for name, property_ in schema["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", []),
                "schema": property_,
            }

    def _responses(self, path: str, access: Access, method: str) -> dict[str, Any]:
        headers = _headers(access, method)
        responses: dict[str, Any] = {
            str(status): _EMPTY
            if type_ is None
            else _response(status, self._media(access, type_), headers)
            for status, type_ in _answers(access).items()
        }
        for status, sentences in problems(access, path).items():
            responses[str(status)] = problem_answer(status, sentences)
        return {**responses, "default": ANY_PROBLEM}

    def _media(self, access: Access, type_: Any) -> dict[str, Any]:
        """An answer by media type; lists come as CSV too."""
        content = {access.media_type: {"schema": self._of(type_)}}
        if isinstance(access.query, type) and issubclass(access.query, CsvQuery):
            content[CSV] = {"schema": {"type": "string"}}
        return content

    def _of(self, type_: Any) -> dict[str, Any]:
        return self.components.of(type_)


def _refusals(refusals: Iterable[Refusal]) -> str:
    """Which problems an outcome may be, when it is waited for, in order of precedence."""
    words = [f"{r.http_status} `{r.code}`" for r in refusals]
    return f"Refusals: {', '.join(words)}." if words else ""


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name, _ in PARAMETER.findall(path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": for_clients(SCHEMAS[name]),
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


def _response(
    status: int, content: Mapping[str, Any], headers: Mapping[str, str]
) -> dict[str, Any]:
    response = {"description": _SAYS.get(status, "OK"), "content": content}
    if headers:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    return response
