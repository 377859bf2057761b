"""Query strings: as strict as bodies."""

from typing import Final, TypeVar

import msgspec

from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidRequest

BIGINT: Final = range(-(2**63), 2**63)
"""The numbers PostgreSQL can be asked about."""


class InvalidQuery(InvalidRequest):
    """The query string is not valid."""

    status = 422
    code = "invalid_query"


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the query strings we define.

    Unknown parameters are refused, a misspelt filter must not list everything.
    """


T = TypeVar("T", bound=msgspec.Struct)


def read_query(request: HttpRequest, type_: type[T]) -> T:
    """The query string as `type_`.

    Raises 422 `invalid_query` with `errors[]`; each parameter at most once.
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise InvalidQuery(errors=[{"field": name, "message": "the parameter is given twice"}])
        if "\0" in value:
            raise InvalidQuery(errors=[{"field": name, "message": "text must not contain U+0000"}])
        given[name] = value
    try:
        found = msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidQuery(
            str(error), errors=[{"field": _field(str(error)), "message": str(error)}]
        ) from None
    for name, value in msgspec.structs.asdict(found).items():
        if isinstance(value, int) and value not in BIGINT:
            raise InvalidQuery(errors=[{"field": name, "message": "the number is too large"}])
    return found


def _field(message: str) -> str:
    return message.split("`")[-2].removeprefix("$.") if "`" in message else ""
