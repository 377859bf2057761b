"""Detects that Redis or PostgreSQL was set back to an older state.

Redis behind PostgreSQL: a stream ends before what PostgreSQL has applied. PostgreSQL behind Redis:
entries were acknowledged, which happens only after their commit, but PostgreSQL does not have them.
Either halts the partition until an operator has looked: the next entry would hide the gap.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from streams import partitions
from streams.commands import Client

if TYPE_CHECKING:
    import asyncpg

Position = tuple[int, int]

REDIS_ROLLED_BACK: Final = "redis_rolled_back"
POSTGRES_ROLLED_BACK: Final = "postgres_rolled_back"
_LOOKUP_TIMEOUT_S: Final = 5.0
_AWAY: Final = (RedisConnectionError, OSError, TimeoutError)
_log = structlog.get_logger(__name__)


class View(msgspec.Struct, frozen=True):
    """What Redis knows of a stream: its last generated id and the newest acknowledged one."""

    ends: Position
    acknowledged: Position


class Trouble(msgspec.Struct, frozen=True):
    """Why a partition must halt: a code, and the position on each side."""

    code: str
    reason: str

    def text(self) -> str:
        """The text stored in `stream_partitions.halted_reason`."""
        return f"{self.code}: {self.reason}"


def code_of(halted_reason: str) -> str:
    """The code in a stored reason; 0.1.0 stored reasons without a code, and only for Redis."""
    code = halted_reason.partition(":")[0]
    return code if code == POSTGRES_ROLLED_BACK else REDIS_ROLLED_BACK


async def look(client: Client, numbers: Iterable[int]) -> dict[int, View]:
    """The positions in Redis, in one round trip. Raises the client's error when the server is away.

    Partitions of a cluster's unreachable nodes are left out.
    """
    listed = list(numbers)
    pipeline = client.pipeline(transaction=False)
    for number in listed:
        pipeline.execute_command("XINFO", "STREAM", partitions.intents(number))
        pipeline.execute_command("XINFO", "GROUPS", partitions.intents(number))
        pipeline.get(partitions.applied(number))
    replies = await pipeline.execute(raise_on_error=False)
    views = {}
    for place, number in enumerate(listed):
        three = replies[3 * place : 3 * place + 3]
        if any(isinstance(reply, _AWAY) for reply in three):
            continue
        stream, groups, mark = (_reply(reply) for reply in three)
        ends = _position(_fields(stream).get("last-generated-id")) if stream else (0, 0)
        views[number] = View(ends, max(_position(mark), _delivered(groups or ())))
    return views


def find_trouble(
    before: Mapping[int, Position], views: Mapping[int, View], after: Mapping[int, Position]
) -> dict[int, Trouble]:
    """Partitions that must halt. PostgreSQL is read before and after Redis.

    Both advance during the reads, so each comparison uses the reading that cannot be ahead merely
    for that reason.
    """
    troubles = {}
    for number, view in views.items():
        applied, later = before.get(number, (0, 0)), after.get(number, (0, 0))
        if view.ends < applied:
            reason = f"Redis ends at {view.ends}, PostgreSQL applied {applied}"
            troubles[number] = Trouble(REDIS_ROLLED_BACK, reason)
        elif later < view.acknowledged:
            reason = f"PostgreSQL applied {later}, Redis saw {view.acknowledged} acknowledged"
            troubles[number] = Trouble(POSTGRES_ROLLED_BACK, reason)
    return troubles


async def halt_rolled_back(
    connection: "asyncpg.Connection[asyncpg.Record]", client: Client, numbers: Sequence[int]
) -> tuple[set[int], dict[int, str]]:
    """Halt partitions that were set back.

    Returns the partitions that were checked (not those of unreachable nodes), and all halted ones
    with their stored reason.
    """
    before, _ = await positions(connection)
    views = await look(client, numbers)
    after, halted = await positions(connection)
    for number, trouble in find_trouble(before, views, after).items():
        if number not in halted:
            _log.error(trouble.code, partition=number, reason=trouble.reason)
            await connection.execute(
                "UPDATE stream_partitions SET halted_reason = $2 "
                "WHERE partition = $1 AND halted_reason IS NULL",
                number,
                trouble.text(),
            )
            halted[number] = trouble.text()
    return set(views), halted


async def positions(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[dict[int, Position], dict[int, str]]:
    """How far each partition is applied, and the halted partitions with their reason."""
    rows = await connection.fetch(
        "SELECT partition, last_ms, last_seq, halted_reason FROM stream_partitions",
        timeout=_LOOKUP_TIMEOUT_S,
    )
    applied = {row["partition"]: (row["last_ms"], row["last_seq"]) for row in rows}
    return applied, {r["partition"]: r["halted_reason"] for r in rows if r["halted_reason"]}


async def lift(
    connection: "asyncpg.Connection[asyncpg.Record]", client: Client, numbers: Sequence[int]
) -> list[int]:
    """Resume halted partitions: each side continues after the newest entry either has seen.

    Nothing is repaired: an operator has decided how missing data is restored.
    """
    applied, halted = await positions(connection)
    for number in numbers:
        stream = partitions.intents(number)
        await partitions.ensure_group(client, stream, partitions.GROUP)
        view = (await look(client, [number])).get(number)
        if view is None:
            raise RedisConnectionError(f"the server of partition {number} cannot be reached")
        ahead = max(applied[number], view.acknowledged)
        if view.ends < ahead:  # only ahead: XSETID could also set it back
            await client.execute_command("XSETID", stream, f"{ahead[0]}-{ahead[1]}")
        await connection.execute(
            "UPDATE stream_partitions SET halted_reason = NULL, last_ms = $2, last_seq = $3 "
            "WHERE partition = $1",
            number,
            *ahead,
        )
    return sorted(set(numbers) & set(halted))


def _reply(reply: Any) -> Any:
    """The reply, or None for a stream that does not exist; raises every other error."""
    if isinstance(reply, ResponseError) and "no such key" in str(reply):
        return None
    if isinstance(reply, RedisError):
        raise reply
    return reply


def _delivered(groups: Iterable[Any]) -> Position:
    """The newest entry known to be acknowledged: the last delivered one, if nothing is pending."""
    for info in groups:
        group = _fields(info)
        if _text(group["name"]) == partitions.GROUP and int(group["pending"]) == 0:
            return _position(group["last-delivered-id"])
    return 0, 0


def _fields(info: Any) -> dict[str, Any]:
    """XINFO's pairs as a dict, from either shape that redis-py returns."""
    pairs = info.items() if isinstance(info, dict) else zip(info[::2], info[1::2], strict=True)
    return {_text(name): value for name, value in pairs}


def _position(id_: Any) -> Position:
    ms, _, seq = _text(id_ or "0-0").partition("-")
    return int(ms), int(seq or 0)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
