"""What a bulk says, in one form: a repeat under its key may write the same in another."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import inspect

from payments.kernel.free_json import content_of

_encode: Final = msgspec.json.Encoder().encode


def content_digest(contents: Iterable[Sequence[Any]], *, is_atomic: bool) -> str:
    """The same for the same bulk: what its items say, in their order."""
    text = _encode([is_atomic, *contents])
    return hashlib.sha256(text).hexdigest()[:32]


def said(body: msgspec.Struct) -> dict[str, Any]:
    """The fields of an item; an amount or a currency is the same in each of its forms."""
    type_ = type(body)
    names = _VARYING.get(type_)
    if names is None:
        names = _VARYING[type_] = _varying(type_)
    fields = msgspec.structs.asdict(body)
    for name in names:
        value = fields[name]
        if value is msgspec.UNSET:
            del fields[name]
        else:
            fields[name] = _value(name, value)
    return fields


_VARYING: Final[dict[type[msgspec.Struct], list[str]]] = {}
_AS_THEY_ARE: Final = (inspect.IntType, inspect.BoolType, inspect.StrType, inspect.UUIDType)


def _varying(type_: type[msgspec.Struct]) -> list[str]:
    """The fields that can be left out or written in several forms, and all of any other type."""
    struct: Any = inspect.type_info(type_)
    return [
        field.name
        for field in struct.fields
        if field.name in {"kind", "currency"} or not isinstance(field.type, _AS_THEY_ARE)
    ]


def _value(name: str, value: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return _raw(bytes(value))
    if isinstance(value, msgspec.Struct):
        return said(value)
    if isinstance(value, list | tuple):
        return [_value(name, each) for each in value]
    if name == "kind":
        return None
    return value.upper() if name == "currency" and isinstance(value, str) else value


def _raw(raw: bytes) -> str:
    """Free-form JSON in its canonical text; an amount without the zeros at its end."""
    if raw.startswith(b"{"):
        return bytes(content_of(msgspec.Raw(raw))).decode()
    digits = raw.strip(b'"').decode(errors="replace")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
