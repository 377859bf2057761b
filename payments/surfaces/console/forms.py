"""Forms that browsers post: each field once, unknown fields refused, the token of the session."""

import hmac
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec

from payments.http.body import field_error, read_raw
from payments.http.services import HttpRequest, header
from payments.kernel.errors import InvalidBody, UnsupportedMediaType
from payments.surfaces.console.access import ForgedRequest, check_origin, seat_of

FORM: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 50

Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=1000)]
"""Why an operator acts: everybody who reads the log sees it."""


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of forms of operators who are logged in."""

    csrf: str = ""


class ActionForm(Form, frozen=True, kw_only=True):
    """Base of forms that act. `key` is made with the page: posting it twice acts once."""

    key: UUID
    reason: Reason


class OpenForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the forms of people who are not logged in yet."""


FormT = TypeVar("FormT", bound=Form)
OpenFormT = TypeVar("OpenFormT", bound=OpenForm)
T = TypeVar("T")


async def read_form(request: HttpRequest, type_: type[FormT]) -> FormT:
    """Decode the form. Raises 403 `forged_request`, 422 `invalid_body`."""
    fields = await _fields(request)
    check_token(request, fields.get("csrf", ""))
    return convert_fields(fields, type_)


async def read_open_form(request: HttpRequest, type_: type[OpenFormT]) -> OpenFormT:
    """Decode a form that is posted without a session. Raises 403, 422."""
    check_origin(request)
    return convert_fields(await _fields(request), type_)


def check_token(request: HttpRequest, token: str) -> None:
    """Raise `ForgedRequest` when the form does not carry the token of this session."""
    if not hmac.compare_digest(seat_of(request).csrf.encode(), token.encode()):
        raise ForgedRequest


async def _fields(request: HttpRequest) -> dict[str, str]:
    raw = await read_raw(request)
    media_type = (header(request, b"content-type") or "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise UnsupportedMediaType(f"send the form as {FORM}")
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX
        )
    except ValueError:
        raise InvalidBody("the form cannot be read") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields or "\0" in value:
            raise InvalidBody(errors=[{"field": name[:60], "message": "is not valid"}])
        fields[name] = value.replace("\r\n", "\n").strip() if "password" not in name else value
    return fields


def convert_fields(fields: dict[str, str], type_: type[T]) -> T:
    """The struct of these fields; empty ones are left out. Raises 422 `invalid_body`."""
    present: dict[str, Any] = {name: value for name, value in fields.items() if value != ""}
    try:
        return msgspec.convert(present, type_, strict=False)
    except msgspec.ValidationError as error:
        wrong = field_error(str(error))
        detail = f"{wrong['field'] or 'The form'}: {wrong['message']}"
        raise InvalidBody(detail, errors=[wrong]) from None
