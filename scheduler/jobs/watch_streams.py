"""Metrics and alarms for the lag of the streams and for parked entries."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
import structlog

from payments.operations.tables import dead_letters
from scheduler import metrics
from scheduler.job import Tools
from streams import partitions
from streams.lag import oldest_age_s, pending
from streams.ownership import ALIVE_S
from streams.tables import stream_consumers, stream_partitions

LATE_S: Final = {"intents": 30.0, "effects": 600.0}
"""An older entry raises an alarm; an effect may wait for an unreachable outside system."""

_STREAMS: Final[Mapping[str, tuple[Callable[[int], str], str]]] = {
    "intents": (partitions.intents, partitions.GROUP),
    "effects": (partitions.effects, partitions.EFFECTS_GROUP),
}
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns the number of alarms."""
    async with tools.engine.connect() as connection:
        numbers = (
            (await connection.execute(sa.select(stream_partitions.c.partition))).scalars().all()
        )
        alive_since = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, ALIVE_S)
        living = sa.select(sa.func.count()).where(stream_consumers.c.seen_at > alive_since)
        alive = (await connection.execute(living)).scalar_one()
        parked = (
            sa.select(dead_letters.c.stream, sa.func.count())
            .where(dead_letters.c.state == "parked")
            .group_by(dead_letters.c.stream)
        )
        letters = {row[0]: row[1] for row in (await connection.execute(parked)).all()}
    metrics.CONSUMERS.set(alive)
    alarms = _report_parked(letters)
    for stream in _STREAMS:
        for number in numbers:
            alarms += await _look(tools.redis, stream, number)
    if numbers and not alive:
        _log.error("no_consumer_alive")
        alarms += 1
    return alarms


def _report_parked(letters: dict[str, int]) -> int:
    for stream in _STREAMS:
        count = letters.get(stream, 0)
        metrics.DEAD_LETTERS.labels(stream).set(count)
        if count:
            _log.error("dead_letters_wait", stream=stream, count=count)
    return sum(1 for count in letters.values() if count)


async def _look(redis: Any, stream: str, partition: int) -> int:
    name_of, group = _STREAMS[stream]
    name, label = name_of(partition), f"{partition:02d}"
    backlog = await redis.xlen(name)
    age_s = await oldest_age_s(redis, name) or 0.0
    metrics.STREAM_BACKLOG.labels(stream, label).set(backlog)
    metrics.STREAM_PENDING.labels(stream, label).set(await pending(redis, name, group))
    metrics.STREAM_OLDEST_S.labels(stream, label).set(age_s)
    if age_s <= LATE_S[stream]:
        return 0
    _log.error("stream_lags", stream=stream, partition=partition, backlog=backlog, lag=round(age_s))
    return 1
