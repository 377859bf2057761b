"""Months of events: a partition each, made ahead, and let go when they are older than is kept."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.sql import load_sql

_AHEAD: Final = 3
_TABLE: Final = "event_batches"
_REST: Final = f"{_TABLE}_rest"
_PARTITIONS: Final = load_sql(__file__, "event_partitions")
_RECORD: Final = load_sql(__file__, "record_pruning")
_LAST: Final = load_sql(__file__, "last_of_partition")
_EVERY: Final = 2**63 - 1


def month_of(moment: datetime) -> datetime:
    """The first moment of its month, in UTC."""
    day = moment.astimezone(UTC)
    return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def after(month: datetime) -> datetime:
    """The first moment of the next month."""
    return month_of(month + timedelta(days=32))


def name_of(month: datetime) -> str:
    """The partition of a month."""
    return f"{_TABLE}_{month:%Y_%m}"


async def make_months(connection: AsyncConnection, now: datetime) -> None:
    """Partitions of this month and the next ones.

    Only while the default partition is empty: else PostgreSQL reads all of it under a lock that
    stops every writer.
    """
    await connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    rest = await connection.exec_driver_sql(f"SELECT 1 FROM {_REST} LIMIT 1")  # noqa: S608 - our own name
    if rest.first() is not None:
        return
    known = {row[0] for row in (await connection.exec_driver_sql(_PARTITIONS)).all()}
    month = month_of(now)
    for _ in range(_AHEAD):
        if name_of(month) not in known:
            await connection.exec_driver_sql(
                f"CREATE TABLE {name_of(month)} PARTITION OF {_TABLE}"
                f" FOR VALUES FROM ('{month.isoformat()}') TO ('{after(month).isoformat()}')"
            )
        month = after(month)


async def let_go(
    connection: AsyncConnection, keep_days: int, now: datetime, through: int | None
) -> int:
    """Drop months that ended longer ago than is kept; gives how many. All must be numbered.

    Months with events numbered above `through` stay: somebody has not been sent them yet.
    """
    oldest = month_of(now - timedelta(days=keep_days))
    count = 0
    for (name,) in (await connection.exec_driver_sql(_PARTITIONS)).all():
        if name == _REST or name >= name_of(oldest):
            continue
        if await _last_in(connection, name, oldest) > (_EVERY if through is None else through):
            return count
        await _record(connection, name, now, oldest)
        await connection.exec_driver_sql(f"DROP TABLE {name}")
        count += 1
    if await _last_in(connection, _REST, oldest) <= (_EVERY if through is None else through):
        await _record(connection, _REST, now, oldest)
        await connection.exec_driver_sql(f"DELETE FROM {_REST} WHERE written_at < $1", (oldest,))  # noqa: S608 - our own name
    return count


async def _last_in(connection: AsyncConnection, name: str, before: datetime) -> int:
    """The highest number of an event there that was written before that time."""
    query = _LAST.replace("event_batches_rest", name)
    last: int = (await connection.exec_driver_sql(query, (before,))).scalar_one()
    return last


async def _record(connection: AsyncConnection, name: str, now: datetime, before: datetime) -> None:
    query = _RECORD.replace("event_batches_rest", name)
    await connection.exec_driver_sql(query, (name, now, before))
