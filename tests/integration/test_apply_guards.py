"""Guards of the engine that no other test would miss (mutants of 0.1.0)."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.operations.apply import Applier
from payments.operations.envelope import digest_of
from payments.registry import OPERATIONS
from payments.transfers.reverse import ReverseTransfer
from streams.entry import Entry
from streams.ownership import ensure_partitions
from tests.fixtures.platform import eventually
from tests.integration.test_apply import Bench, reasons, transfer


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    yield Bench(connection)
    await connection.close()


async def test_the_position_of_a_partition_never_goes_back(bench: Bench) -> None:
    """The check for a Redis that went back in time rests on it."""
    a, b = await bench.wallet(100), await bench.wallet()
    payloads = [bench.entry("transfer.create", transfer(a, b, 1)).payload for _ in range(4)]

    async def position() -> tuple[int, int]:
        row = await bench.connection.fetchrow(
            "SELECT last_ms, last_seq FROM stream_partitions WHERE partition = 2"
        )
        assert row is not None
        return row["last_ms"], row["last_seq"]

    await bench.apply(Entry(2, "900-5", payloads[0]))
    for stream_id, payload in zip(("900-4", "899-9", "900-5"), payloads[1:], strict=True):
        await bench.apply(Entry(2, stream_id, payload))
        assert await position() == (900, 5)
    # The newest of a batch counts, in whatever order its entries stand.
    await bench.apply(Entry(2, "901-2", payloads[0]), Entry(2, "901-1", payloads[0]))
    assert await position() == (901, 2)


@pytest.mark.parametrize("copies", [2, 4])
async def test_consumers_that_meet_on_one_row_do_not_both_change_it(
    bench: Bench, database: str, copies: int
) -> None:
    """Each has read the transfer before any can lock the wallets: the row lock must order them."""
    a, b = await bench.wallet(1000), await bench.wallet(1000)
    (made,) = await bench.apply(bench.entry("transfer.create", transfer(a, b, 10)))
    assert made.decision is not None
    transfer_id = UUID(msgspec.json.decode(made.decision.result)["transfer_id"])
    sessions = [await connect(database, application_name="consumer-in-test") for _ in range(copies)]
    entries = [
        bench.entry("transfer.reverse", ReverseTransfer(transfer_id=transfer_id)) for _ in sessions
    ]

    async def all_wait() -> bool:
        waiting = await bench.connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'consumer-in-test' AND wait_event_type = 'Lock'"
        )
        return bool(waiting == copies)

    blocker = await connect(database)
    async with blocker.transaction():
        await blocker.execute(
            "SELECT FROM accounts WHERE id = ANY($1::bigint[]) FOR UPDATE", [a, b]
        )
        applying = [
            asyncio.create_task(Applier(OPERATIONS, utc_now).apply(session, [entry]))
            for session, entry in zip(sessions, entries, strict=True)
        ]
        await eventually(all_wait, 60)
    answers = [answer for task in applying for answer in await task]
    assert sorted(map(str, reasons(answers))) == ["None", *["already_reversed"] * (copies - 1)]
    assert (await bench.balance(a), await bench.balance(b)) == (1000, 1000)
    for session in (*sessions, blocker):
        await session.close()


def test_the_digest_tells_callers_kinds_and_bodies_apart() -> None:
    digests = {
        digest_of(kind, actor, body)
        for kind in ("transfer.create", "transfer.creat")
        for actor in ("client:a", "eclient:a", "client:b", "")
        for body in (b"{}", b'{"a":1}', b"")
    }
    assert len(digests) == 2 * 4 * 3
