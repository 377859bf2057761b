"""Any registries in any order: lines only grow, a file again is no news, breaks are what holds."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.tables import breaks
from payments.kernel.database import create_engine, with_database
from payments.kernel.ids import new_id
from payments.payouts.tables import payouts
from payments.reconciliation.tables import registry_lines, registry_runs
from payments.reconciliation.writes import load
from payments.statements.settlement_day import Line, Registry
from payments.wallets.tables import wallets

PAYOUTS = 4
MINOR = 1000
NOW = datetime(2090, 1, 1, tzinfo=UTC)

WALLET: dict[str, Any] = {
    "id": 1, "currency": "RUB", "owner": "p", "created_by": "p", "metadata": {}, "created_at": NOW
}  # fmt: skip

numbers = count(1)


class File(msgspec.Struct, frozen=True):
    """A registry to load: `lines` are payouts with what their amount differs by."""

    day: int
    is_closed: bool
    lines: dict[int, int]


files = st.builds(
    File,
    day=st.integers(0, 1),
    is_closed=st.booleans(),
    lines=st.dictionaries(st.integers(0, PAYOUTS - 1), st.sampled_from([0, 0, 10, 4200])),
)


class World:
    """Two days with two payouts each, of an example's own, and what a model says of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        number = next(numbers)
        self.days = [date(2026, 1, 1) + timedelta(days=2 * number + n) for n in range(2)]
        self.first = 1000 * number
        self.holding: list[dict[int, int]] = [{}, {}]
        self.closed: set[int] = set()
        self.clock = NOW

    async def prepare(self) -> None:
        """The payouts, paid at noon."""
        rows = [payout(self.first + n, self.noon(n % 2)) for n in range(PAYOUTS)]
        async with self.engine.begin() as connection:
            await connection.execute(insert(wallets).values(WALLET).on_conflict_do_nothing())
            await connection.execute(payouts.insert(), rows)

    def noon(self, day: int) -> datetime:
        return datetime.combine(self.days[day], time(12), UTC)

    async def load(self, file: File) -> Sequence[UUID]:
        """Load it; gives the breaks that are new or open again."""
        self.clock += timedelta(minutes=1)
        lines = [
            Line(
                line_id=f"l{n}",  # the same on both days
                transaction_id=f"sp_{self.first + n}",
                merchant_id=self.first + n,
                kind="payout",
                status="paid",
                minor=MINOR + differs,
                currency="RUB",
                operated_at=self.noon(file.day),
            )
            for n, differs in file.lines.items()
            if n % 2 == file.day
        ]
        registry = Registry(
            provider="superpay",
            day=self.days[file.day],
            is_closed=file.is_closed,
            generated_at=self.clock,
            lines=lines,
            raw=b"",
        )
        loaded = await load(self.engine, registry, source="uploaded", by="p", now=self.clock)
        return loaded.new_ids

    def model(self, file: File) -> None:
        """What holds after it: a closed file is the whole day, an open one adds."""
        own = {n: differs for n, differs in file.lines.items() if n % 2 == file.day}
        if file.is_closed:
            self.holding[file.day] = own
            self.closed.add(file.day)
        else:
            self.holding[file.day] |= own

    def expected(self) -> set[tuple[str, int, int]]:
        """Kind, payout and money at risk of what should be unresolved."""
        found: set[tuple[str, int, int]] = set()
        for n in range(PAYOUTS):
            differs = self.holding[n % 2].get(n)
            if differs:
                found.add(("amount_mismatch", n, differs))
            if differs is None and n % 2 in self.closed:
                found.add(("missing_at_psp", n, MINOR))
        return found

    async def unresolved(self) -> set[tuple[str, int, int]]:
        c = breaks.c
        query = sa.select(c.kind, c.merchant_id, c.at_risk_minor).where(
            c.state != "resolved", c.merchant_id.between(self.first, self.first + PAYOUTS)
        )
        async with self.engine.connect() as connection:
            rows = await connection.execute(query)
            return {(row[0], row[1] - self.first, row[2]) for row in rows}

    async def kept(self) -> tuple[set[tuple[Any, ...]], int]:
        """Every line ever kept, without its mark, and how many runs."""
        columns = [c for c in registry_lines.c if c.name != "superseded_by"]
        lines = sa.select(*columns).where(registry_lines.c.date.in_(self.days))
        runs = sa.select(sa.func.count()).where(registry_runs.c.date.in_(self.days))
        async with self.engine.connect() as connection:
            rows = {tuple(row) for row in await connection.execute(lines)}
            return rows, (await connection.execute(runs)).scalar_one()


def payout(number: int, at: datetime) -> dict[str, Any]:
    """A row of a paid payout."""
    return {
        "id": new_id(),
        "merchant_id": number,
        "wallet_id": WALLET["id"],
        "superpay_wallet_id": "W-1",
        "minor": MINOR,
        "currency": "RUB",
        "description": "",
        "state": "paid",
        "reason": None,
        "version": 1,
        "provider_id": f"sp_{number}",
        "provider_version": 1,
        "checks": 0,
        "requested_by": "p",
        **dict.fromkeys(("checked_at", "state_since", "created_at", "updated_at", "ended_at"), at),
    }


async def play(engine: AsyncEngine, story: Sequence[File]) -> World:
    """The world after the story; each file is loaded twice and checked after each time."""
    world = World(engine)
    await world.prepare()
    for file in story:
        before, runs = await world.kept()
        await world.load(file)
        world.model(file)
        assert await world.unresolved() == world.expected()
        assert await world.load(file) == [], "the same file again is no news"
        assert await world.unresolved() == world.expected()
        after, runs_after = await world.kept()
        assert before <= after, "a line was deleted or rewritten"
        assert runs_after == runs + 2
    return world


@pytest.fixture
def stage(
    postgres_server: str, template_database: str
) -> Iterator[tuple[asyncio.Runner, AsyncEngine]]:
    """A database for all examples: each has days and payouts of its own."""
    name = f"registries_{new_id().hex}"

    async def administer(statement: str) -> None:
        administrator = await asyncpg.connect(postgres_server)
        await administrator.execute(statement)
        await administrator.close()

    with asyncio.Runner() as runner:
        runner.run(administer(f"CREATE DATABASE {name} TEMPLATE {template_database}"))
        engine = create_engine(with_database(postgres_server, name), pool_size=1, application="p")
        yield runner, engine
        runner.run(engine.dispose())
        runner.run(administer(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.case("R1", "R2", "R3")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=st.lists(files, min_size=1, max_size=8))
def test_breaks_are_what_the_registries_that_hold_show(
    stage: tuple[asyncio.Runner, AsyncEngine], story: list[File]
) -> None:
    runner, engine = stage
    world = runner.run(play(engine, story))
    assert runner.run(world.unresolved()) == world.expected()
