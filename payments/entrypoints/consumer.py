"""The consumer role: owns partitions of the stream and applies them to the ledger."""

import os
import socket
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvloop

from payments.entrypoints import memory
from payments.entrypoints.superpay import superpay_schedule
from payments.entrypoints.waiting import made, stop_on_signals
from payments.events.writes import record_switch
from payments.kernel.clock import Clock, utc_now
from payments.kernel.database import PLANNED_ONCE, Connection, connect
from payments.operations.apart import ApartApplier
from payments.operations.apply import Applier
from payments.operations.blockers import Blockers
from payments.operations.finish import steps
from payments.operations.operation import Operation
from payments.operations.telling import Teller
from payments.operations.tracing import traced
from payments.provider.schedule import Schedule
from payments.registry import OPERATIONS, SAYS, told
from streams.apart import Fence, Work
from streams.client import create_client
from streams.consumer import Consumer
from streams.entry import Entry
from streams.finishing import Step
from streams.ownership import SESSION_SETTINGS, ensure_partitions
from streams.session import open_session
from streams.turns import Turn

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings


TELLER: Final = Teller(told(Schedule()), SAYS)
"""What tests and commands write: the schedule of SuperPay as it is by default."""


_APART: Final = {"application_name": "payments-consumer-apart", "statement_timeout": "0"}
"""Nobody waits for that session: a statement may take as long as it likes."""


def teller_of(settings: "Settings") -> Teller | None:
    """What writes events by these settings."""
    return Teller(told(superpay_schedule(settings)), SAYS) if settings.events == "on" else None


async def create_consumer(
    database_url: str,
    redis_url: str,
    *,
    partitions: int = 8,
    name: str | None = None,
    clock: Clock = utc_now,
    operations: Sequence[Operation[Any]] = OPERATIONS,
    teller: Teller | None = TELLER,
) -> Consumer:
    """A consumer of these operations, ready to `run`. No `teller`: it writes no events."""
    looker = partial(connect, database_url, application_name="payments-consumer-looks")
    blockers = Blockers(looker)
    applier = Applier(operations, clock, teller, sets_aside=True, is_quick=True, blockers=blockers)
    connection = await connect(database_url)
    count = await ensure_partitions(connection, partitions)
    await record_switch(connection, clock(), is_on=teller is not None)
    await connection.close()

    async def session() -> Connection:
        settings = SESSION_SETTINGS | PLANNED_ONCE
        return await open_session(partial(connect, database_url), settings)

    client = create_client(redis_url, connections=count + 4)

    apart = ApartApplier(operations, clock, teller, applier)

    async def session_apart() -> Connection:
        patient = partial(connect, database_url, command_timeout_s=None)
        return await open_session(patient, SESSION_SETTINGS | PLANNED_ONCE | _APART)

    async def handle_apart(connection: Connection, fence: Fence) -> list[Step]:
        apply = partial(apart.apply_apart, connection, fence)
        return steps(await traced(None, apply), client.place_of)

    async def handle(connection: Connection, entries: list[Entry], turn: Turn) -> list[Step]:
        apply = partial(applier.apply, connection, entries, turn)
        return steps(await traced(len(entries), apply), client.place_of)

    return Consumer(
        name=name or f"{socket.gethostname()}-{os.getpid()}",
        connect=session,
        client=client,
        handler=handle,
        released=applier.forget,
        has_aside=lambda: bool(applier.aside),
        apart=Work(session_apart, apart.is_there_any, handle_apart),
        contention=applier.ways,
    )


async def run(settings: "Settings") -> None:
    """Run until SIGTERM or SIGINT, finishing the current work. Waits for unreachable servers."""
    stop = stop_on_signals()
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()

    async def make() -> Consumer:
        return await create_consumer(
            database_url, redis_url, partitions=settings.partitions, teller=teller
        )

    teller = teller_of(settings)
    consumer = await made(settings, stop, make)
    if consumer is not None:
        consumer.stop = stop
        memory.settle()
        await consumer.run()


def main(settings: "Settings") -> None:
    """The command `payments consumer`."""
    uvloop.run(run(settings))
