"""The values of a record as PostgreSQL takes them, and a record of the values that it gives."""

import enum
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any, Final, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec
import sqlalchemy as sa

RowT = TypeVar("RowT", bound=msgspec.Struct)
_RAW_OR_NONE: Final = msgspec.Raw | None


def to_row(record: msgspec.Struct) -> tuple[Any, ...]:
    """By field, as asyncpg takes it."""
    row = msgspec.structs.astuple(record)
    converted = _converted_fields(type(record))
    if not converted:
        return row  # the usual case on the hot path
    values = list(row)
    for position, convert in converted:
        if values[position] is not None:
            values[position] = convert(values[position])
    return tuple(values)


@cache
def _converted_fields(type_: Any) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """How to convert fields for PostgreSQL: determined once per type, not per row."""
    converted: list[tuple[int, Callable[[Any], Any]]] = []
    types = get_type_hints(type_)
    for position, name in enumerate(type_.__struct_fields__):
        if name in json_fields(type_):
            converted.append((position, _json_text))
        elif any(
            isinstance(t, type) and issubclass(t, enum.Enum)
            for t in (types[name], *get_args(types[name]))
        ):
            converted.append((position, _enum_value))
    return tuple(converted)


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _enum_value(value: enum.Enum) -> Any:
    return value.value


@cache
def json_fields(type_: Any) -> tuple[str, ...]:
    """Fields whose columns are JSON."""
    columns = type_.table.c
    return tuple(n for n in type_.__struct_fields__ if isinstance(columns[n].type, sa.JSON))


def record_of(type_: type[RowT], values: dict[str, Any]) -> RowT:
    """The record of a row that was read."""
    types = _hints(type_)
    raw: dict[str, msgspec.Raw] = {}
    for name in json_fields(type_):
        if values[name] is None:
            continue
        if types[name] == _RAW_OR_NONE:
            # msgspec converts no Raw into a union with None: it is put in afterwards.
            raw[name], values[name] = _as_it_is(values[name]), None
        else:
            decode = _as_it_is if types[name] is msgspec.Raw else msgspec.json.decode
            values[name] = decode(values[name])
    record = msgspec.convert(values, type_, builtin_types=(UUID, datetime, date, bytes))
    return msgspec.structs.replace(record, **raw) if raw else record


def _as_it_is(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


@cache
def _hints(type_: Any) -> dict[str, Any]:
    return get_type_hints(type_)
