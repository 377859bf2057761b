"""Finding rows by a member of a client's own JSON, as a GIN index answers it."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


def holds_member(document: sa.ColumnElement[Any], name: str, value: str) -> sa.ColumnElement[bool]:
    """A member of that name is the text, or the number or truth value that the text writes."""
    values: list[Any] = [value]
    try:
        scalar = msgspec.json.decode(value)
    except msgspec.DecodeError:
        scalar = value
    if scalar is None or isinstance(scalar, bool | int | float):
        values.append(msgspec.Raw(value.strip().encode()))
    texts = [msgspec.json.encode({name: v}).decode() for v in values]
    return sa.or_(*(document.contains(sa.cast(sa.literal(x, sa.Text), JSONB)) for x in texts))
