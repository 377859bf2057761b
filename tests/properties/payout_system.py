"""A payout's world for real: PostgreSQL, Redis, consumer, API, executor and jobs on one clock.

Only the provider is scripted, and only the order of things is chosen by the test.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import httpx
import pytest

from payments.entrypoints.api import create_app
from payments.entrypoints.settings import Secret, Settings
from payments.entrypoints.superpay import superpay_schedule
from payments.kernel.database import Connection, connect
from payments.provider.schedule import Schedule
from scheduler.job import Tools
from tests.fixtures.platform import Platform, eventually, run_lifespan
from tests.fixtures.scripted_answers import Order
from tests.fixtures.scripted_superpay import CALLBACK, ScriptedSuperPay
from tests.properties.payout_executor import PacedExecutor, Turn

PARTITIONS: Final = 2


class MovingClock:
    """Stands still until it is moved; `elapsed_s` never goes back."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.elapsed_s = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic_s(self) -> float:
        """As a machine's monotonic clock."""
        return self.elapsed_s

    def jump(self, seconds: float) -> None:
        """Time passes, or somebody sets the clock back."""
        self.now += timedelta(seconds=seconds)
        self.elapsed_s += max(seconds, 0)

    def next_noon(self) -> None:
        """A day nothing has happened on."""
        self.now = (self.now + timedelta(days=2)).replace(hour=12, minute=0, second=0)


class System:
    """Everything that runs, and the payouts of the story that is being told."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.clock = MovingClock()
        self.skew_s = 0.0
        self.provider = ScriptedSuperPay(
            lambda: self.clock.now + timedelta(seconds=self.skew_s),
        )
        settings = Settings(
            database_url=Secret(database_url),
            redis_url=Secret(redis_url),
            partitions=PARTITIONS,
            superpay_callback_secrets=Secret(CALLBACK),
        )
        self.platform = Platform(settings, self.clock)
        self.tools = Tools(
            engine=self.platform.engine,
            redis=self.platform.redis,
            submitter=self.platform.submitter,
            clock=self.clock,
            database_url=database_url,
            redis_url=redis_url,
            others={Schedule: superpay_schedule(settings)},
        )
        self.orders: dict[UUID, Order] = {}

    async def start(self) -> None:
        """Start all of it, on an empty Redis."""
        await self.platform.redis.flushdb()
        await self.platform.start()
        self.connection: Connection = await connect(self.platform.database_url)
        url = await self.provider.http.start()
        self.executor = PacedExecutor(self.platform, self.provider, url, self.clock)
        self.executor.start()
        app = create_app(self.platform.settings, self.clock)
        is_up, self._may_end = asyncio.Event(), asyncio.Event()
        self._serving = asyncio.create_task(run_lifespan(app, is_up, self._may_end))
        await is_up.wait()
        self._api = httpx.AsyncClient(
            transport=httpx.ASGITransport(cast("Any", app)), base_url="http://api"
        )

    async def stop(self) -> None:
        """Stop all of it."""
        for one in self.provider.parked:
            if one.answer is not None:
                one.answer.cancel()
        await self._api.aclose()
        self._may_end.set()
        await self._serving
        await self.executor.stop()
        await self.provider.http.stop()
        await self.connection.close()
        await self.platform.stop()

    async def quiet(self) -> None:
        """Wait until nothing moves by itself any more."""
        count = range(PARTITIONS)
        intents = [f"pay:{{p{p:02d}}}:intents" for p in count]
        effects = [f"pay:{{p{p:02d}}}:effects" for p in count]

        async def look() -> bool:
            pipeline = self.platform.redis.pipeline(transaction=False)
            for name in (*intents, *effects):
                _ = pipeline.xlen(name)
            lengths = await pipeline.execute()
            is_drained = sum(lengths[:PARTITIONS]) == 0
            turns = self.executor.turns
            is_read = sum(lengths[PARTITIONS:]) == len(turns)
            return is_drained and is_read and all(self._rests(t) for t in turns)

        try:
            await eventually(look, every_s=0.002)
        except AssertionError:
            raise AssertionError(f"not quiet: {self.executor.turns}") from None

    def _rests(self, turn: Turn) -> bool:
        waits = {one.merchant_id for one in self.provider.parked if one.answer is not None}
        order = self.orders.get(UUID(turn.payout_id)) if turn.payout_id else None
        is_stalled = order is not None and order.merchant_id in waits
        return turn.state != "running" or is_stalled


def patched(monkeypatch: pytest.MonkeyPatch, clock: MovingClock) -> None:
    """Our clock where the code takes the machine's, and no rest between attempts at an effect."""
    places: dict[str, Callable[[], Any]] = {
        "payments.surfaces.superpay.effects.monotonic_s": clock.monotonic_s,
        "payments.surfaces.superpay.fetching.utc_now": clock,
    }
    for name, ours in places.items():
        monkeypatch.setattr(name, ours)
    monkeypatch.setattr("streams.effects._RETRY_AFTER_S", (0.0,) * 200)
