"""How new rows are written: with further rows beside them, or two rows of one id joined in one."""

from collections.abc import Mapping
from typing import Any

Rows = dict[Any, list[Any]]
"""Rows by their type, a `Record` (whose module imports this one)."""


def as_written(new: Mapping[Any, list[Any]]) -> Rows:
    """New rows by the type that writes them, in the order of their tables."""
    rows = dict(new)
    beside = {row: None for type_ in new for row in type_.beside(new[type_])}
    for row in beside:  # each once, whichever types it stands beside
        rows.setdefault(type(row), []).append(row)
    for type_ in new:
        if type_.joined is not None and type_.joined[0] in new:
            other, both = type_.joined
            rows[type_], rows[other], joined = both.join(rows[type_], rows[other])
            rows[both] = [*rows.get(both, ()), *joined]
    types = sorted((type_ for type_ in rows if rows[type_]), key=lambda t: t.table.name)
    return {type_: rows[type_] for type_ in types}
