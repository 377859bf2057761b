"""The executor role: runs effects, the calls to outside systems that applied
operations requested.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks.codes import Codes
from payments.entrypoints.outgoing import create_deliverer
from payments.entrypoints.superpay import superpay_client
from payments.entrypoints.waiting import made, stop_on_signals
from payments.kernel import tracing
from payments.kernel.clock import utc_now
from payments.kernel.database import connect, create_engine
from payments.mail.post import Mailer, create_mailer
from payments.operations.dead_letters import letter_of, park
from payments.operations.door import RedisDoor
from payments.operations.effects import EffectContext, EffectHandler
from payments.operations.finish import EffectEntry
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter
from payments.recovery.halt import Halt
from payments.registry import EFFECTS
from payments.surfaces.superpay.client import SuperPayClient
from streams.client import create_client
from streams.effects import EffectWorker
from streams.entry import Entry
from streams.ownership import ensure_partitions

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings


class Effects:
    """Decodes an entry of an effects stream and runs its handler."""

    def __init__(
        self,
        handlers: Iterable[EffectHandler[Any]],
        tools: Mapping[type[Any], Any],
        database_url: str,
    ) -> None:
        """`tools`: what handlers may call, by type."""
        self._handlers = {h.kind: h for h in handlers}
        self._tools = tools
        self._database_url = database_url

    def lane_of(self, entry: Entry) -> str:
        """Kind and destination: effects with the same lane wait for each other,
        and for no others.
        """
        try:
            effect = msgspec.json.decode(entry.payload, type=EffectEntry)
            handler = self._handlers.get(effect.kind)
            if handler is None or handler.destination is None:
                return effect.kind
            body = msgspec.json.decode(effect.body, type=handler.body)
            return f"{effect.kind}|{handler.destination(body)}"
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return ""

    def is_asking(self, lane: str) -> bool:
        """True for kinds that also run during a recovery."""
        handler = self._handlers.get(lane.partition("|")[0])
        return handler is not None and handler.is_asking

    async def handle(self, entry: Entry) -> None:
        """Run the handler once; any exception leads to a retry."""
        effect = msgspec.json.decode(entry.payload, type=EffectEntry)
        handler = self._handlers[effect.kind]
        body = msgspec.json.decode(effect.body, type=handler.body)
        context = EffectContext(effect.id, effect.operation_id, self._tools)
        about = {"payments.operation_id": str(effect.operation_id), "payments.effect": effect.id}
        parent = tracing.checked(effect.traceparent)
        with tracing.span("effect", effect.kind, parent=parent, kind="consumer", about=about):
            await handler.run(body, context)

    async def give_up(self, entry: Entry, error: BaseException, deliveries: int) -> None:
        """After many deliveries: store the effect as a dead letter for an operator."""
        try:
            effect = msgspec.json.decode(entry.payload, type=EffectEntry)
        except (msgspec.MsgspecError, ValueError):
            effect = None
        letter = letter_of("effects", entry, effect, error, deliveries)
        connection = await connect(self._database_url)
        try:
            await park(connection, letter, utc_now())
        finally:
            await connection.close(timeout=2)


async def create_executor(
    database_url: str,
    redis_url: str,
    tools: Mapping[type[Any], Any],
    *,
    partitions: int = 8,
    name: str | None = None,
    halt: Halt | None = None,
) -> EffectWorker:
    """A worker for every effect. `name` is stable, so that a restart finds its own pending entries.

    `halt` says when effects must wait for a recovery; without one they never do.
    """
    connection = await connect(database_url)
    count = await ensure_partitions(connection, partitions)
    await connection.close()
    effects = Effects(EFFECTS, tools, database_url)
    return EffectWorker(
        create_client(redis_url, connections=count + 8),
        name=name or f"executor-{socket.gethostname()}",
        partition_count=count,
        handle=effects.handle,
        lane_of=effects.lane_of,
        may_run=lambda lane: halt is None or not halt.is_on or effects.is_asking(lane),
        give_up=effects.give_up,
    )


def surface_tools(settings: "Settings") -> dict[type[Any], Any]:
    """Clients for effect handlers, besides the submitter and the database."""
    smtp_url, pepper = settings.smtp_url.reveal(), settings.code_pepper.reveal()
    return {
        Codes: Codes(pepper),
        Mailer: create_mailer(smtp_url, settings.data_dir, settings.mail_from, utc_now),
        SuperPayClient: superpay_client(settings),
    }


async def run(settings: "Settings") -> None:
    """Run until SIGTERM or SIGINT, finishing the current work. Waits for unreachable servers."""
    stop = stop_on_signals()
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    engine = create_engine(database_url, pool_size=4, application="payments-executor")
    tools: dict[type[Any], Any] = {
        Submitter: Submitter(door, outcomes, utc_now),
        AsyncEngine: engine,
        **surface_tools(settings),
    }
    halt = Halt(engine)
    deliverer = create_deliverer(settings, engine)
    make = partial(
        create_executor, database_url, redis_url, tools, partitions=settings.partitions, halt=halt
    )
    worker = await made(settings, stop, make)
    if worker is None:
        return
    await door.start()
    await outcomes.start()
    worker.stop = stop
    await halt.start()
    deliverer.stop = stop
    delivering = asyncio.create_task(deliverer.run(), name="webhooks")
    await worker.run()
    await delivering
    await halt.stop()
    await outcomes.stop()
    await door.stop()
    await engine.dispose()


def main(settings: "Settings") -> None:
    """The command `payments executor`."""
    uvloop.run(run(settings))
