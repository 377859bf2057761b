"""Query strings, parsed as strictly as bodies."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from payments.http.body import field_error
from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidRequest
from payments.kernel.strict import NotRead, check_day, read_time

BIGINT: Final = range(-(2**63), 2**63)
"""Range of PostgreSQL's bigint."""


class InvalidQuery(InvalidRequest):
    """The query string is not valid."""

    status = 422
    code = "invalid_query"


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the query strings we define.

    Unknown parameters are refused: a misspelt filter must not list everything.
    """


_METADATA: Final = "metadata"
"""A field of this name collects the parameters `metadata.<key>`."""

T = TypeVar("T", bound=msgspec.Struct)


def read_query(request: HttpRequest, type_: type[T], *, is_form: bool = False) -> T:
    """Decode the query string as `type_`; each parameter may occur once.

    `is_form`: empty parameters are left out, as browsers send every field of a form.
    Raises 422 `invalid_query` with `errors[]`.
    """
    parameters = _given(request, type_)
    if is_form:
        parameters = {name: value for name, value in parameters.items() if value != ""}
    try:
        query = msgspec.convert(parameters, type_, strict=False)
    except msgspec.ValidationError as error:
        wrong = field_error(str(error))
        text = str(wrong["message"])
        if " " in str(parameters.get(str(wrong["field"]), "")):
            text += " (a + in a query string is written %2B)"
        raise InvalidQuery(text, errors=[{**wrong, "message": text}]) from None
    encoded = zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True)
    for field, name in encoded:
        message = _objection(getattr(query, field), parameters.get(name, ""))
        if message:
            raise InvalidQuery(errors=[{"field": name, "message": message}])
    return query


def _given(request: HttpRequest, type_: type[msgspec.Struct]) -> dict[str, Any]:
    """Parameters as text. Raises 422 `invalid_query` for a parameter that occurs twice."""
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise InvalidQuery("the query string is not UTF-8") from None
    parameters: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in parameters:
            raise InvalidQuery(errors=[{"field": name, "message": "the parameter is given twice"}])
        if "\0" in value:
            raise InvalidQuery(errors=[{"field": name, "message": "text must not contain U+0000"}])
        parameters[name] = value
    return _gathered(parameters) if _METADATA in type_.__struct_fields__ else parameters


def _gathered(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Move the parameters `metadata.<key>=<value>` into one mapping `metadata`."""
    prefix = f"{_METADATA}."
    members = {n.removeprefix(prefix): v for n, v in parameters.items() if n.startswith(prefix)}
    return {
        **{n: v for n, v in parameters.items() if not n.startswith(prefix)},
        **({_METADATA: members} if members else {}),
    }


def _objection(value: object, written: str) -> str | None:
    """Message for a value that msgspec's lax conversion accepts but we do not, or None.

    Examples are `1e3` for an integer and `1763683200` for a time.
    """
    if isinstance(value, bool) or not written:
        return None
    if isinstance(value, int):
        if value not in BIGINT:
            return "the number is too large"
        return None if str(value) == written else "an integer is written in plain digits"
    if isinstance(value, datetime):
        return _objection_to_time(written)
    return _objection_to_day(value) if isinstance(value, date) else None


def _objection_to_day(value: date) -> str | None:
    try:
        check_day(value)
    except NotRead as error:
        return str(error)
    return None


def _objection_to_time(written: str) -> str | None:
    try:
        read_time(written)
    except NotRead as error:
        return str(error)
    return None
