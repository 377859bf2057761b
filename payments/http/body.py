"""Request bodies.

Bytes are checked before they are decoded, and amounts keep the digits the client wrote.
"""

import json
import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import inspect

from payments.http.access import access_here
from payments.http.services import HttpRequest, header, header_values
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
"""The limit of every route that names none (`Access(..., body_max_bytes=...)`)."""
DEPTH_MAX: Final = 32
ID_MAX: Final = 2**53 - 1
"""Largest integer id: what JSON readers with doubles still tell apart."""

Amount = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description='Plain decimal digits, as a JSON number or a string: 12.3 or "12.30".',
        extra_json_schema={
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$",
                    "examples": ["12.30"],
                },
                {"type": "number", "exclusiveMinimum": 0},
            ]
        },
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

_KEPT: Final = "payments_body"
_MORE: Final = "http.request"
_ZERO: Final = re.compile(r"0(?:\.(0{1,18}))?", re.ASCII)
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_AT: Final = re.compile(r" - at `(key in )?\$([^`]*)`$")
_FIELD: Final = re.compile(r"field `([^`]+)`")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the bodies we define: unknown fields are refused, bounds stand in the annotations."""


async def read_body(request: HttpRequest, type_: type[T]) -> T:
    """The body as `type_`; may be left out where the route says `may_be_empty`.

    Raises 415 `unsupported_media_type`, 413 `body_too_large`, 400 `invalid_json`, 422
    `invalid_body` with `errors[]`.
    """
    raw = await read_raw(request)
    if access_here(request).may_be_empty and not raw.strip():
        return type_()
    check_content_type(request)
    return decode_body(raw, type_)


async def read_raw(request: HttpRequest) -> bytes:
    """The bytes of the body, kept for a second look (a signature, say).

    Raises 415 `unsupported_content_encoding`, 413 `body_too_large`.

    Read here and not by Litestar: `request.body()` took a seventh of the whole handler path.
    """
    kept: bytes | None = request.scope.get(_KEPT)  # type: ignore[assignment]
    if kept is not None:
        return kept
    check_content_encoding(request)
    limit = access_here(request).body_max_bytes or BODY_MAX_BYTES
    announced = header(request, b"content-length")
    if announced is not None and announced.isdecimal() and int(announced[:20]) > limit:
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
    """Signatures are over the bytes as they came, and a small body may unpack to a large one."""
    for coding in header_values(request, b"content-encoding"):
        if coding.strip().lower() not in {"", "identity"}:
            raise UnsupportedContentEncoding


def check_content_type(request: HttpRequest) -> None:
    """Only application/json: a form or plain text is a cross-site request waiting to happen."""
    given = header(request, b"content-type")
    if given is None or given.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType


def decode_body(raw: bytes, type_: type[T], *, prefix: str = "") -> T:
    """Bytes as `type_`; `prefix` is where they stand in a larger body (`operations[3].`)."""
    _check_depth(raw)
    try:
        body: T = _decoder(type_).decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidBody(errors=[field_error(str(error), prefix)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = f"is not valid JSON: {error}" if raw.strip() else "is empty; send a JSON object"
        raise InvalidRequest(f"the body {why}", code="invalid_json") from None
    _check_text(raw, type_, prefix)
    return body


def minor_of(raw: msgspec.Raw, currency: Currency, field: str = "amount") -> int:
    """Minor units of an amount field. Raises 422 `invalid_amount` naming the field."""
    try:
        return parse_minor(bytes(raw), currency)
    except InvalidAmount as error:
        raise _invalid_amount(error, field) from None


def money_in(raw: msgspec.Raw, code: str, field: str = "amount") -> Money:
    """The money that an amount field and a currency name, in minor units.

    Raises 422 `invalid_currency`, 422 `invalid_amount` naming the field.
    """
    try:
        return Money.parse(bytes(raw), code)
    except InvalidCurrency as error:
        raise _invalid_currency(error) from None
    except InvalidAmount as error:
        raise _invalid_amount(error, field) from None


def free_json_in(raw: msgspec.Raw, field: str) -> msgspec.Raw | msgspec.UnsetType:
    """A client's own JSON object, exactly; unset when it is empty. Raises 422 naming the field."""
    try:
        read = read_object(bytes(raw))
    except NotRead as error:
        raise InvalidBody(errors=[{"field": field, "message": str(error)}]) from None
    return msgspec.UNSET if read == EMPTY else read


def optional_minor_of(
    raw: msgspec.Raw, currency: Currency, field: str = "amount", *, zero_is_none: bool = False
) -> int | None:
    """Minor units, or None when the field is missing or null.

    `zero_is_none`: where a missing amount means no money, zero means the same.
    """
    zero = _ZERO.fullmatch(amount_text(bytes(raw))) if zero_is_none else None
    if zero is not None and len(zero[1] or "") <= currency.exponent:
        return None
    return None if bytes(raw) in {b"", b"null"} else minor_of(raw, currency, field)


def currency_in(code: str) -> Currency:
    """The currency a body names, in either case. Raises 422 `invalid_currency`."""
    found = CURRENCIES.get(code)
    if found is not None:
        return found
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
    found = _DECODERS.get(type_)
    if found is None:
        found = _DECODERS[type_] = msgspec.json.Decoder(type_)
    return found


def _check_depth(raw: bytes) -> None:
    """Nesting is counted on the bytes: a decoder that recurses must never see a bomb."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return
    depth = 0
    for byte in _STRING.sub(b"", raw).translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"{[" else -1
        if depth > DEPTH_MAX:
            raise InvalidRequest(
                f"the body is nested deeper than {DEPTH_MAX} levels", code="invalid_json"
            )


_NOT_BRACKETS: Final = bytes(b for b in range(256) if b not in b"{}[]")


def _check_text(raw: bytes, type_: type[msgspec.Struct], prefix: str) -> None:
    if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
        field = f"{prefix}{_field_with_nul(raw)}".rstrip(".")
        raise InvalidBody(errors=[{"field": field, "message": "text must not contain U+0000"}])
    # A field named twice: we would take the last, a proxy the first.
    if b"\\u" in raw or any(raw.count(sign) > 1 for sign in _signs(type_)):
        json.loads(raw, object_pairs_hook=_unique(prefix), parse_int=str, parse_float=str)


def _field_with_nul(raw: bytes) -> str:
    members = json.loads(raw, parse_int=str, parse_float=str).items()
    return next((m[0] for m in members if _ESCAPED_NUL.search(json.dumps(m).encode())), "")


_SIGNS: Final[dict[type, tuple[bytes, ...]]] = {}


def _signs(type_: type[msgspec.Struct]) -> tuple[bytes, ...]:
    """What is there once while no name is given twice: each name, or a brace around all of them."""
    found = _SIGNS.get(type_)
    if found is None:
        shown: Any = inspect.type_info(type_)
        parts = [getattr(f.type, "item_type", f.type) for f in shown.fields]
        has_objects = any(isinstance(part, inspect.StructType) for part in parts)
        names = tuple(f'"{n}"'.encode() for n in type_.__struct_encode_fields__)
        found = _SIGNS[type_] = (b"{",) if has_objects else names
    return found


def _unique(prefix: str) -> Any:
    def hook(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise InvalidBody(
                    errors=[{"field": f"{prefix}{name}", "message": "the field is given twice"}]
                )

    return hook


def field_error(message: str, prefix: str = "") -> dict[str, str]:
    """Msgspec's message as a field path and a sentence."""
    at = _AT.search(message)
    path = at[2].lstrip(".") if at else ""
    text = _AT.sub("", message)
    named = _FIELD.search(text)
    if named:
        path = f"{path}.{named[1]}" if path else named[1]
    return {"field": f"{prefix}{path}".rstrip("."), "message": text}
