"""What may go wrong with a request, by status and code, for the OpenAPI document.

Refusals come from the operation that a route submits, the rest from what the route reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Litestar

from payments.http.access import Access
from payments.http.auth import PUBLIC, InsufficientScope
from payments.http.components import REF
from payments.http.errors import CODES
from payments.http.idempotency import InvalidIdempotencyKey
from payments.http.operations import Refusals
from payments.http.paths import PARAMETER, SCHEMAS
from payments.http.query import InvalidQuery
from payments.http.services import services_of
from payments.kernel.errors import (
    BodyTooLarge,
    Conflict,
    InvalidBody,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotDecidedYet,
    PaymentsError,
    Unavailable,
    UnknownFate,
    UnsupportedContentEncoding,
    UnsupportedMediaType,
)
from payments.operations.outcome import Refusal
from payments.operations.outcomes import CONFLICT

MEDIA_TYPE: Final = "application/problem+json"
_PROBLEM: Final = {"$ref": REF.format(name="Problem")}
_SAID_IN_PLACE: Final = frozenset(
    {
        *("account_busy", "break_open", "break_resolved", "callback_not_found"),
        *(
            "callback_not_open",
            "database_unavailable",
            "invalid_effective_at",
            "invalid_json",
            "malformed_http",
        ),
    }
)
"""Codes that have no class of their own; a test looks for those that are missing here."""


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used before with another body."""

    code = CONFLICT


Sentences = Mapping[str, str]
"""What each code means."""


def codes_of(app: Litestar) -> list[str]:
    """Every code a problem document of this application may have."""
    errors = {error.code for error in _subclasses(PaymentsError)}
    unread = {_unread(name)[0] for name in SCHEMAS if name.endswith("_id")}
    refusals = services_of(app).get(Refusals)
    return sorted({*refusals, *errors, *unread, *CODES.values(), *_SAID_IN_PLACE, "refused"})


def _subclasses(error: type[PaymentsError]) -> Iterator[type[PaymentsError]]:
    yield error
    for subclass in error.__subclasses__():
        yield from _subclasses(subclass)


def problems(access: Access, path: str) -> dict[int, Sentences]:
    """What each 4xx and 503 of a route means, in the order in which it is looked for."""
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for error in (*_of_caller(access), *_of_body(access), *_of_operation(access)):
        found[error.status][error.code] = (error.__doc__ or "").partition("\n")[0]
    for name, _ in PARAMETER.findall(path):
        code, sentence = _unread(name)
        found[HTTPStatus.NOT_FOUND][code] = sentence
    for refusal in access.refusals:
        found[refusal.http_status][refusal.code] = refusal.sentence + _carried(refusal)
    return dict(sorted(found.items()))


def _of_caller(access: Access) -> Iterator[type[PaymentsError]]:
    yield InvalidRequest
    if access.auth != PUBLIC:
        yield NotAuthenticated
        yield InsufficientScope if access.scope else NotAllowed


def _of_body(access: Access) -> Iterator[type[PaymentsError]]:
    if access.body is not None or access.uploads:
        yield from (BodyTooLarge, UnsupportedMediaType, UnsupportedContentEncoding, InvalidBody)
    if access.query is not None:
        yield InvalidQuery


def _of_operation(access: Access) -> Iterator[type[PaymentsError]]:
    if access.takes_key:
        yield from (InvalidIdempotencyKey, IdempotencyConflict, NotDecidedYet)
    if access.operation is not None:
        yield from (Unavailable, UnknownFate)


def _unread(parameter: str) -> tuple[str, str]:
    """What a path answers when its parameter names nothing."""
    noun = parameter.removesuffix("_id")
    return f"{noun}_not_found", f"There is no such {noun}."


def _carried(refusal: Refusal) -> str:
    if refusal.carries is None:
        return ""
    names = ", ".join(f"`{n}`" for n in refusal.carries.__struct_encode_fields__)
    return f" Carries {names}."


def problem_answer(status: int, sentences: Sentences) -> dict[str, Any]:
    """The response of one status: a line and an example for each code."""
    return {
        "description": "\n".join(f"* `{code}`: {text}" for code, text in sentences.items()),
        "content": {
            MEDIA_TYPE: {
                "schema": _PROBLEM,
                "examples": {
                    code: {"value": _example(status, code, text)}
                    for code, text in sentences.items()
                },
            }
        },
    }


ANY_PROBLEM: Final[Mapping[str, Any]] = {
    "description": "A problem document",
    "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
}


def _example(status: int, code: str, sentence: str) -> dict[str, Any]:
    return {
        "type": f"urn:payments:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": sentence,
        "instance": "/",
        "code": code,
    }


def with_codes(problem: dict[str, Any], codes: Iterable[str]) -> dict[str, Any]:
    """The schema of a problem document: which codes there are, and that members may join."""
    properties = {
        **problem["properties"],
        "code": {
            "type": "string",
            "enum": list(codes),
            "description": "For programs. A code keeps its meaning; releases may add codes.",
        },
        "errors": {
            "type": "array",
            "description": "What is wrong with which field.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "additionalProperties": True,
            },
        },
    }
    return {**problem, "properties": properties, "additionalProperties": True}
