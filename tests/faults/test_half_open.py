"""A network that says nothing: every call ends in time, and all is well afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from payments.kernel.clock import monotonic_s
from payments.kernel.errors import PaymentsError
from payments.operations.submit import keyed
from payments.transfers.create import OPERATION, CreateTransfer
from payments_tools.torture.proxy import Proxy
from tests.faults.journal import Door, Journal, reckon
from tests.faults.stage import consumer, two_wallets
from tests.faults.through import database_behind, redis_behind

pytestmark = pytest.mark.faults

CALL_LIMIT_S = 13
"""Two deadlines of a connection (a call waits for the one before it), a little for the machine."""
SILENCE_S = 9
"""Longer than a session may be idle: the server cuts the consumer off meanwhile."""


@contextmanager
def silent(proxy: Proxy) -> Iterator[None]:
    """Nothing passes, nobody is told."""
    proxy.stall()
    try:
        yield
    finally:
        proxy.heal()


async def one_call(door: Door, wallets: list[int], key: str) -> float:
    """How long a submit took that cannot succeed."""
    intent = CreateTransfer(
        source_wallet_id=wallets[0], destination_wallet_id=wallets[1], minor=1, currency="RUB"
    )
    began_s = monotonic_s()
    with pytest.raises(PaymentsError):
        await door.submitter(keyed(OPERATION, intent, actor="half-open", key=key))
    return monotonic_s() - began_s


async def turned_away(journal: Journal) -> None:
    """Until the load hears of it as well."""
    until = monotonic_s() + CALL_LIMIT_S
    while not journal.turned_away:
        assert monotonic_s() < until, "a call of the load waits for ever"
        await asyncio.sleep(0.05)


async def test_a_silent_redis(database: str, redis_url: str) -> None:
    async with (
        redis_behind(redis_url) as (proxy, through),
        Door(database, through) as door,
        consumer(database, through),
    ):
        wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets)
        async with journal.load():
            await asyncio.sleep(0.5)
            with silent(proxy):
                assert await one_call(door, wallets, "silent") < CALL_LIMIT_S
                await turned_away(journal)  # it may have waited behind that call
            await asyncio.sleep(0.5)
        await reckon(database, journal, wallets)


async def test_a_silent_postgresql(database: str, redis_url: str) -> None:
    async with (
        database_behind(database) as (proxy, through),
        Door(through, redis_url) as door,
        consumer(through, redis_url),
    ):
        wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets)
        await journal.send(20)
        with silent(proxy):
            silence = asyncio.create_task(asyncio.sleep(SILENCE_S))
            assert await one_call(door, wallets, "silent") < CALL_LIMIT_S
            await silence
        await journal.send(20)
        await reckon(database, journal, wallets, deadline_s=15)
