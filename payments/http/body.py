"""Request bodies: bytes are checked before decoding, and amounts keep the client's digits."""

import re
from typing import Annotated, Any, Final, TypeVar

import msgspec

from payments.http.access import access_here
from payments.http.amounts import AS_TEXT
from payments.http.body_text import FieldError, check_text, error_at
from payments.http.depth import check_depth
from payments.http.services import HttpRequest, header, header_values, raw_header
from payments.kernel.errors import (
    BodyTooLarge,
    InvalidAmount,
    InvalidBody,
    InvalidCurrency,
    InvalidRequest,
    UnsupportedContentEncoding,
    UnsupportedMediaType,
)
from payments.kernel.free_json import EMPTY, read_object
from payments.kernel.money import (
    CURRENCIES,
    Currency,
    Money,
    amount_text,
    currency_of,
    parse_minor,
)
from payments.kernel.strict import NotRead

BODY_MAX_BYTES: Final = 64 * 1024
"""Default limit; a route sets its own with `Access(..., body_max_bytes=...)`."""
ID_MAX: Final = 2**53 - 1
"""Largest integer id: JSON parsers that use doubles represent every integer up to it exactly."""

Amount = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description='Decimal digits in quotes: "12.30". A JSON number is read too, digit by digit.',
        extra_json_schema=AS_TEXT,
    ),
]
Id = Annotated[int, msgspec.Meta(gt=0, le=ID_MAX)]
CurrencyCode = Annotated[
    str,
    msgspec.Meta(min_length=3, max_length=3, description="ISO 4217, either case", examples=["RUB"]),
]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
"""A description or a reason."""

T = TypeVar("T", bound=msgspec.Struct)

_JSON: Final = "application/json"
_KEPT: Final = "payments_body"
_MORE: Final = "http.request"
_ZERO: Final = re.compile(r"0(?:\.(0{1,18}))?", re.ASCII)
_AT: Final = re.compile(r" - at `(key in )?\$([^`]*)`$")
_FIELD: Final = re.compile(r"field `([^`]+)`")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the bodies we define: unknown fields are refused, annotations give the limits."""


async def read_body(request: HttpRequest, type_: type[T]) -> T:
    """Decode the body as `type_`; it is optional where the route declares `may_be_empty`.

    Raises 415 `unsupported_media_type`, 413 `body_too_large`, 400 `invalid_json`, 422
    `invalid_body` with `errors[]`.
    """
    raw = await read_raw(request)
    if access_here(request).may_be_empty and not raw.strip():
        return type_()
    check_content_type(request)
    return decode_body(raw, type_)


async def read_raw(request: HttpRequest) -> bytes:
    """The bytes of the body; a second call (to check a signature, for example) gets them again.

    Raises 415 `unsupported_content_encoding`, 413 `body_too_large`.

    `request.body()` of Litestar is not used: it took a seventh of the time of a handler.
    """
    body: bytes | None = request.scope.get(_KEPT)  # type: ignore[assignment]
    if body is not None:
        return body
    limit = access_here(request).body_max_bytes or BODY_MAX_BYTES
    check_content_encoding(request)
    length = raw_header(request, b"content-length")
    if length is not None and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    raw = await _receive(request, limit)
    request.scope[_KEPT] = raw  # type: ignore[typeddict-unknown-key]
    return raw


async def _receive(request: HttpRequest, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] != _MORE:
            raise InvalidRequest("the client went away before its body was here")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"at most {limit} bytes are read here")


def check_content_encoding(request: HttpRequest) -> None:
    """Refuse compressed bodies: signatures cover the raw bytes, and a small body may unpack to a
    large one.
    """
    if raw_header(request, b"content-encoding") is None:
        return
    for coding in header_values(request, b"content-encoding"):
        if coding.strip().lower() not in {"", "identity"}:
            raise UnsupportedContentEncoding


def check_content_type(request: HttpRequest) -> None:
    """Take only application/json: browsers can send forms and plain text across sites."""
    content_type = header(request, b"content-type")
    if content_type == _JSON:
        return
    if content_type is None or content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType


def decode_body(raw: bytes, type_: type[T], *, prefix: str = "") -> T:
    """Decode bytes as `type_`; `prefix` is their path in a larger body (`operations[3].`)."""
    check_depth(raw)
    try:
        body: T = _decoder(type_).decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidBody(errors=[field_error(str(error), prefix)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = f"is not valid JSON: {error}" if raw.strip() else "is empty; send a JSON object"
        raise InvalidRequest(f"the body {why}", code="invalid_json") from None
    check_text(raw, type_, prefix)
    return body


def minor_of(raw: msgspec.Raw, currency: Currency, field: str = "amount") -> int:
    """Minor units of an amount field. Raises 422 `invalid_amount` naming the field."""
    try:
        return parse_minor(bytes(raw), currency)
    except InvalidAmount as error:
        raise _invalid_amount(error, field) from None


def money_in(raw: msgspec.Raw, code: str, field: str = "amount") -> Money:
    """The money of an amount field and a currency field, in minor units.

    Raises 422 `invalid_currency`, 422 `invalid_amount` naming the field.
    """
    try:
        return Money.parse(bytes(raw), code)
    except InvalidCurrency as error:
        raise _invalid_currency(error) from None
    except InvalidAmount as error:
        raise _invalid_amount(error, field) from None


def free_json_in(raw: msgspec.Raw, field: str) -> msgspec.Raw | msgspec.UnsetType:
    """A client's JSON object byte for byte; unset when empty. Raises 422 naming the field."""
    try:
        read = read_object(bytes(raw))
    except NotRead as error:
        raise InvalidBody(errors=[{"field": field, "message": str(error)}]) from None
    return msgspec.UNSET if read == EMPTY else read


def optional_minor_of(
    raw: msgspec.Raw, currency: Currency, field: str = "amount", *, zero_is_none: bool = False
) -> int | None:
    """Minor units, or None when the field is left out. Raises 422 for null: it is no amount.

    `zero_is_none`: zero and null give None too.
    """
    if zero_is_none and bytes(raw) == b"null":
        return None
    zero = _ZERO.fullmatch(amount_text(bytes(raw))) if zero_is_none else None
    if zero is not None and len(zero[1] or "") <= currency.exponent:
        return None
    return minor_of(raw, currency, field) if bytes(raw) else None


def currency_in(code: str) -> Currency:
    """The currency a body names, in either case. Raises 422 `invalid_currency`."""
    currency = CURRENCIES.get(code)
    if currency is not None:
        return currency
    try:
        return currency_of(code)
    except InvalidCurrency as error:
        raise _invalid_currency(error) from None


def _invalid_amount(error: InvalidAmount, field: str) -> InvalidAmount:
    return InvalidAmount(error.detail, errors=[{"field": field, "message": error.detail}])


def _invalid_currency(error: InvalidCurrency) -> InvalidCurrency:
    return InvalidCurrency(error.detail, errors=[{"field": "currency", "message": error.detail}])


_DECODERS: Final[dict[type, msgspec.json.Decoder[Any]]] = {}


def _decoder(type_: type[T]) -> msgspec.json.Decoder[T]:
    decoder = _DECODERS.get(type_)
    if decoder is None:
        decoder = _DECODERS[type_] = msgspec.json.Decoder(type_)
    return decoder


def field_error(message: str, prefix: str = "") -> FieldError:
    """Split msgspec's message into field path and text."""
    at = _AT.search(message)
    path = at[2].lstrip(".") if at else ""
    text = _AT.sub("", message)
    named = _FIELD.search(text)
    if named:
        path = f"{path}.{named[1]}" if path else named[1]
    return error_at(path, text, prefix)
