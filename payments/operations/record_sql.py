"""Statements that lock, read and change rows of a table by a unique column, many at a time."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

LOCK: Final = " FOR NO KEY UPDATE"
LOCK_FREE: Final = " FOR NO KEY UPDATE SKIP LOCKED"
"""Only what nobody else has locked."""


def pg_type(table: sa.Table, name: str) -> str:
    """The type of a column."""
    return table.c[name].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]


@cache
def select(table: sa.Table, names: Sequence[str], by: str, key: str, lock: str) -> str:
    """Rows by the values of a column, in the order of the primary key."""
    return (
        f"SELECT {', '.join(names)} FROM {table.name} "  # noqa: S608 - our own names
        f"WHERE {by} = ANY($1::{pg_type(table, by)}[]) ORDER BY {key}{lock}"
    )


@cache
def existing(table: sa.Table, by: str) -> str:
    """Which values of a column there are."""
    return f"SELECT {by} FROM {table.name} WHERE {by} = ANY($1::{pg_type(table, by)}[])"  # noqa: S608 - our own names


@cache
def update(table: sa.Table, names: Sequence[str], key: str) -> str:
    """Change rows to what they are in these columns."""
    arrays = ", ".join(f"${i}::{pg_type(table, n)}[]" for i, n in enumerate(names, 1))
    sets = ", ".join(f"{n} = u.{n}" for n in names if n != key)
    return (
        f"UPDATE {table.name} AS t SET {sets} "  # noqa: S608 - our own names
        f"FROM unnest({arrays}) AS u ({', '.join(names)}) WHERE t.{key} = u.{key}"
    )
