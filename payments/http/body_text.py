"""Checks of a body's own text that decoding it does not make: U+0000, and fields given twice."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import inspect

from payments.kernel.errors import InvalidBody

FieldError = dict[str, str | int]
"""`field`, `message`; for an element of a list of objects also its `index` and a `code`."""

_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ELEMENT: Final = re.compile(r"[a-z_]+\[([0-9]{1,4})\](?=\.|$)", re.ASCII)
_INVALID: Final = InvalidBody.code
_NUL: Final = "text must not contain U+0000"
_TWICE: Final = "the field is given twice"


def error_at(path: str, message: str, prefix: str = "") -> FieldError:
    """The error of a field; `prefix` is the body's own path in a larger one."""
    error: FieldError = {"field": f"{prefix}{path}".rstrip("."), "message": message}
    element = _ELEMENT.match(path)
    return error if element is None else {**error, "index": int(element[1]), "code": _INVALID}


def check_text(raw: bytes, type_: type[msgspec.Struct], prefix: str) -> None:
    """Raise 422 `invalid_body` naming the field."""
    if b"\\u0000" in raw and _ESCAPED_NUL.search(raw):
        raise InvalidBody(errors=[error_at(_path_of(_read(raw), _has_nul), _NUL, prefix)])
    # A duplicate field: we would take the last one, a proxy perhaps the first.
    if b"\\u" in raw or any(raw.count(sign) > 1 for sign in _signs(type_)):
        document = _read(raw)
        if _is_any_twice(document):
            raise InvalidBody(errors=[error_at(_path_of(document, _is_twice), _TWICE, prefix)])


class _Twice:
    """Stands for the value of a field that is given twice."""


class _Fields(dict[str, Any]):
    """An object; a field that is given twice has no value."""

    has_twice = False


def _read(raw: bytes) -> Any:
    return json.loads(raw, object_pairs_hook=_fields, parse_int=str, parse_float=str)


def _fields(pairs: list[tuple[str, Any]]) -> _Fields:
    fields = _Fields(pairs)
    if len(fields) < len(pairs):
        fields.has_twice = True
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        fields[twice] = _Twice()
    return fields


def _is_any_twice(document: Any) -> bool:
    if isinstance(document, list):
        return any(map(_is_any_twice, document))
    if isinstance(document, _Fields):
        return document.has_twice or any(map(_is_any_twice, document.values()))
    return False


def _path_of(document: Any, is_it: Callable[[Any], bool]) -> str:
    """The path of the first value that is it, as `postings[1].amount`; empty for the whole."""
    if isinstance(document, list):
        for index, value in enumerate(document):
            if _holds(value, is_it):
                return f"[{index}].{_path_of(value, is_it)}".rstrip(".")
    if isinstance(document, dict):
        for name, value in document.items():
            if is_it(name) or _holds(value, is_it):
                return f"{name}.{_path_of(value, is_it)}".replace(".[", "[").rstrip(".")
    return ""


def _holds(value: Any, is_it: Callable[[Any], bool]) -> bool:
    if isinstance(value, list):
        return any(_holds(one, is_it) for one in value)
    if isinstance(value, dict):
        return any(is_it(name) or _holds(one, is_it) for name, one in value.items())
    return is_it(value)


def _has_nul(value: Any) -> bool:
    return isinstance(value, str) and "\0" in value


def _is_twice(value: Any) -> bool:
    return isinstance(value, _Twice)


_SIGNS: Final[dict[type, tuple[bytes, ...]]] = {}


def _signs(type_: type[msgspec.Struct]) -> tuple[bytes, ...]:
    """Bytes that occur once while no field is duplicated: each name, or the only opening brace."""
    signs = _SIGNS.get(type_)
    if signs is None:
        struct: Any = inspect.type_info(type_)
        parts = [getattr(f.type, "item_type", f.type) for f in struct.fields]
        has_objects = any(isinstance(part, inspect.StructType) for part in parts)
        names = tuple(f'"{n}"'.encode() for n in type_.__struct_encode_fields__)
        signs = _SIGNS[type_] = (b"{",) if has_objects else names
    return signs
