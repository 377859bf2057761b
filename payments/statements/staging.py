"""The lines of a statement in a table of the transaction: twins and known ones are found there."""

import asyncio
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.statements.identity import likeness_of, line_id
from payments.statements.line import Line
from payments.statements.statement import Statement
from payments.statements.status import LineState
from payments.statements.tallies import begin_tallies

_CHUNK: Final = 5000
_WITHIN_S: Final = 600
"""A statement about a million lines takes longer than the session allows others."""
_LEARN_FROM: Final = 10_000
_COLUMNS: Final = (
    *Line.__struct_fields__,
    "id", "account", "currency", "likeness", "twin", "statement_id", "state",
)  # fmt: skip
_NAMES: Final = ", ".join(_COLUMNS)
_CREATE: Final = """
    CREATE TEMPORARY TABLE read_lines (
        LIKE statement_lines INCLUDING DEFAULTS INCLUDING GENERATED, place bigint
    ) ON COMMIT DROP
"""
_TWINS: Final = """
    WITH RECURSIVE pages AS (
        SELECT id, continues FROM statements WHERE id = $1
        UNION ALL
        SELECT s.id, s.continues FROM statements AS s JOIN pages AS p ON s.id = p.continues
    ), before AS (
        SELECT l.likeness, max(l.twin) AS twin
          FROM pages AS p
          JOIN statement_parts AS m ON m.statement_id = p.id
          JOIN statement_lines AS l ON l.id = m.line_id
         GROUP BY l.likeness
    ), counted AS (
        SELECT r.place, coalesce(b.twin, 0)
               + row_number() OVER (PARTITION BY r.likeness ORDER BY r.place) AS twin
          FROM read_lines AS r
          LEFT JOIN before AS b USING (likeness)
    )
    UPDATE read_lines AS r SET twin = c.twin
      FROM counted AS c
     WHERE c.place = r.place AND c.twin > 1
"""
_NEXT_TWINS: Final = """
    SELECT place, likeness, twin
      FROM read_lines
     WHERE twin > 1 AND place > $1
     ORDER BY place
     LIMIT $2
"""
_NAME_TWINS: Final = """
    UPDATE read_lines AS r SET id = u.id
      FROM unnest($1::bigint[], $2::uuid[]) AS u (place, id)
     WHERE r.place = u.place
"""
_IS_NEW: Final = "NOT EXISTS (SELECT 1 FROM statement_lines AS l WHERE l.id = r.id)"
_ADD: Final = f"""
    WITH added AS (
        INSERT INTO statement_lines ({_NAMES})
        SELECT {_NAMES} FROM read_lines AS r WHERE {_IS_NEW} ORDER BY place
        RETURNING minor, fee_minor
    )
    SELECT count(*), coalesce(sum(minor - fee_minor), 0)::bigint FROM added
"""  # noqa: S608 - our own names
_COUNT_NEW: Final = f"SELECT count(*) FROM read_lines AS r WHERE {_IS_NEW}"  # noqa: S608
_ADD_PARTS: Final = """
    INSERT INTO statement_parts (statement_id, line_id)
    SELECT $1::uuid, id FROM read_lines ORDER BY id
"""


async def copy_lines(session: Any, statement: Statement, id_: UUID, continues: UUID | None) -> None:
    """Copy the lines into the table of this transaction, each under its id."""
    await session.execute(_CREATE)
    records = _records(statement, id_)
    while chunk := await asyncio.to_thread(_next, records):
        await session.copy_records_to_table(
            "read_lines", columns=(*_COLUMNS, "place"), records=chunk
        )
    await session.execute("CREATE INDEX ON read_lines (place)", timeout=_WITHIN_S)
    await session.execute("ANALYZE read_lines")
    await session.execute(_TWINS, continues, timeout=_WITHIN_S)
    last = -1
    while rows := await session.fetch(_NEXT_TWINS, last, _CHUNK):
        last = rows[-1]["place"]
        ids = [line_id(bytes(row["likeness"]), row["twin"]) for row in rows]
        await session.execute(_NAME_TWINS, [row["place"] for row in rows], ids)


def _next(records: Iterator[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    return list(islice(records, _CHUNK))


def _records(statement: Statement, id_: UUID) -> Iterator[tuple[Any, ...]]:
    """The lines as rows; of twins each is the first yet."""
    account, currency, state = statement.account, statement.currency, LineState.NEW.value
    for place, line in enumerate(statement.lines):
        likeness = likeness_of(account, line)
        values = (v.value if isinstance(v, Enum) else v for v in msgspec.structs.astuple(line))
        first = line_id(likeness, 1)
        yield (*values, first, account, currency, likeness, 1, id_, state, place)


async def add_new(session: Any) -> tuple[int, int]:
    """Keep the lines that no earlier file had; gives how many, and their sum less their fees."""
    count, net = await session.fetchrow(_ADD, timeout=_WITHIN_S)
    return count, net


async def learn(session: Any, new_lines: int) -> None:
    """Many new lines may be unlike those before: the plans of matching follow them at once."""
    if new_lines > _LEARN_FROM:
        await session.execute("ANALYZE statement_lines", timeout=_WITHIN_S)


async def add_parts(session: Any, id_: UUID, new_lines: int) -> None:
    """Say which lines the statement has, and count them. The last of the transaction: changes of
    lines may wait from here on.
    """
    added = await session.execute(_ADD_PARTS, id_, timeout=_WITHIN_S)
    lines = int(added.rpartition(" ")[2])
    await begin_tallies(session, id_, lines, new_lines, _WITHIN_S)


async def count_new(session: Any) -> int:
    """How many of the lines no earlier file had."""
    count: int = await session.fetchval(_COUNT_NEW, timeout=_WITHIN_S)
    return count
