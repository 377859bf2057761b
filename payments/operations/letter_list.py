"""Reads of dead letters for people who look through them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import NotFound
from payments.operations.tables import dead_letters


class LetterNotFound(NotFound):
    """There is no such dead letter."""

    code = "dead_letter_not_found"


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that could not be handled; `payload` is None in lists."""

    id: int
    stream: str
    partition: int
    stream_id: str
    operation_id: UUID | None
    kind: str | None
    error: str
    attempts: int
    state: str
    parked_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    payload: bytes | None = None

    @property
    def last_line(self) -> str:
        """The error itself, without the way to it."""
        return self.error.strip().rsplit("\n", 1)[-1]


_C: Final = dead_letters.c
_SHORT: Final = [_C[n] for n in LetterView.__struct_fields__ if n not in {"payload", "error"}]
_ERROR: Final = sa.func.right(_C.error, 2000).label("error")


async def list_letters(
    engine: AsyncEngine, state: str | None, kind: str | None, before: int | None, count: int
) -> Sequence[LetterView]:
    """Newest first."""
    query = sa.select(*_SHORT, _ERROR).order_by(_C.id.desc()).limit(count)
    if state is not None:
        query = query.where(_C.state == state)
    if kind is not None:
        query = query.where(_C.kind == kind)
    if before is not None:
        query = query.where(_C.id < before)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [LetterView(**row._mapping) for row in rows]  # noqa: SLF001


async def get_letter(engine: AsyncEngine, letter_id: int) -> LetterView:
    """One, whole. Raises 404 `dead_letter_not_found`."""
    query = sa.select(*_SHORT, _C.error, _C.payload).where(_C.id == letter_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise LetterNotFound
    return LetterView(**row._mapping)  # noqa: SLF001
