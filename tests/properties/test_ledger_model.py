"""Any operations, in any batches: the real ledger does what the model does, a replay nothing."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.holds import capture, release
from payments.holds import create as create_hold
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect, with_database
from payments.kernel.ids import OperationId, new_id
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.registry import OPERATIONS
from payments.transfers import create as create_transfer
from payments.transfers import reverse
from payments.wallets import adjust, freeze
from payments.wallets import open as open_wallet
from streams.entry import Entry
from tests.properties.model import Model

WALLETS = 3
OPENING = 100

wallets = st.integers(0, WALLETS - 1)
amounts = st.integers(1, 120)
earlier = st.integers(0, 30)
steps = st.one_of(
    st.tuples(
        st.just("transfer"),
        st.fixed_dictionaries({"source": wallets, "destination": wallets, "amount": amounts}),
    ),
    st.tuples(st.just("hold"), st.fixed_dictionaries({"wallet": wallets, "amount": amounts})),
    st.tuples(
        st.just("capture"),
        st.fixed_dictionaries(
            {"hold": earlier, "destination": wallets, "amount": amounts, "is_final": st.booleans()}
        ),
    ),
    st.tuples(st.just("release"), st.fixed_dictionaries({"hold": earlier})),
    st.tuples(
        st.just("reverse"),
        st.fixed_dictionaries({"transfer": earlier, "amount": st.none() | amounts}),
    ),
    st.tuples(
        st.just("freeze"), st.fixed_dictionaries({"wallet": wallets, "is_frozen": st.booleans()})
    ),
)
programs = st.lists(steps, min_size=1, max_size=30)
cuts = st.lists(st.integers(1, 8), min_size=1, max_size=30)


class System:
    """The real engine on a real database, addressed as the model is, by wallet and step number."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.applier = Applier(OPERATIONS, utc_now)
        self.wallets: list[int] = []
        self.ids: list[UUID] = []

    def entry(self, kind: str, intent: Intent, id_: UUID) -> Entry:
        return Entry(
            -1, "0-0", encode(seal(OperationId(id_), kind, "model", intent, utc_now(), ""))
        )

    async def prepare(self) -> None:
        opens = [
            self.entry("wallet.open", open_wallet.OpenWallet(currency="RUB", owner="m"), new_id())
            for _ in range(WALLETS)
        ]
        answers = await self.applier.apply(self.connection, opens)
        self.wallets = [
            msgspec.json.decode(a.decision.result)["wallet_id"] for a in answers if a.decision
        ]
        money = [
            adjust.AdjustWallet(
                wallet_id=w, minor=OPENING, currency="RUB", is_credit=True, reason="m"
            )
            for w in self.wallets
        ]
        await self.applier.apply(
            self.connection, [self.entry("wallet.adjust", c, new_id()) for c in money]
        )

    def intent(self, name: str, a: dict[str, Any]) -> tuple[str, Intent]:
        if name == "transfer":
            source, destination = self.wallets[a["source"]], self.wallets[a["destination"]]
            return create_transfer.OPERATION.kind, create_transfer.CreateTransfer(
                source_wallet_id=source,
                destination_wallet_id=destination,
                minor=a["amount"],
                currency="RUB",
            )
        if name == "hold":
            return create_hold.OPERATION.kind, create_hold.CreateHold(
                wallet_id=self.wallets[a["wallet"]], minor=a["amount"], currency="RUB"
            )
        if name == "capture":
            return capture.OPERATION.kind, capture.CaptureHold(
                hold_id=self.id_of(a["hold"]),
                destination_wallet_id=self.wallets[a["destination"]],
                minor=a["amount"],
                is_final=a["is_final"],
            )
        if name == "release":
            return release.OPERATION.kind, release.ReleaseHold(hold_id=self.id_of(a["hold"]))
        if name == "reverse":
            return reverse.OPERATION.kind, reverse.ReverseTransfer(
                transfer_id=self.id_of(a["transfer"]), minor=a["amount"]
            )
        return freeze.OPERATION.kind, freeze.FreezeWallet(
            wallet_id=self.wallets[a["wallet"]], is_frozen=a["is_frozen"]
        )

    def id_of(self, step: int) -> UUID:
        return self.ids[step] if step < len(self.ids) else UUID(int=step)

    async def state(self) -> list[tuple[int, int]]:
        rows = await self.connection.fetch(
            "SELECT credits_posted - debits_posted, debits_pending FROM accounts "
            "WHERE id = ANY($1) ORDER BY id",
            self.wallets,
        )
        return [(row[0], row[1]) for row in rows]


async def compare(
    connection: Connection, program: list[tuple[str, dict[str, Any]]], sizes: list[int]
) -> None:
    system, model = System(connection), Model([OPENING] * WALLETS)
    await system.prepare()
    system.ids = [new_id() for _ in program]
    expected = [model.do(n, name, arguments) for n, (name, arguments) in enumerate(program)]
    entries = [
        system.entry(*system.intent(name, a), system.ids[n]) for n, (name, a) in enumerate(program)
    ]
    found, at = [], 0
    while at < len(entries):
        size = sizes[at % len(sizes)]
        found += await system.applier.apply(connection, entries[at : at + size])
        at += size
    assert [a.decision.reason if a.decision else "parked" for a in found] == expected
    after = await system.state()
    assert after == [(b, b - model.available(w)) for w, b in enumerate(model.balances)]
    # Everything once more, in one batch: nothing changes, every answer is the first one.
    again = await system.applier.apply(connection, entries)
    assert all(a.is_replay for a in again)
    assert [a.decision for a in again] == [a.decision for a in found]
    assert await system.state() == after


@pytest.fixture
def loop_and_connection(
    postgres_server: str, template_database: str
) -> Iterator[tuple[asyncio.Runner, Connection]]:
    """A database for all examples of a test: each has wallets of its own."""
    name = f"model_{new_id().hex}"

    async def administer(statement: str) -> None:
        administrator = await asyncpg.connect(postgres_server)
        await administrator.execute(statement)
        await administrator.close()

    with asyncio.Runner() as runner:
        runner.run(administer(f"CREATE DATABASE {name} TEMPLATE {template_database}"))
        connection = runner.run(connect(with_database(postgres_server, name)))
        yield runner, connection
        runner.run(connection.close())
        runner.run(administer(f"DROP DATABASE {name} WITH (FORCE)"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(program=programs, sizes=cuts)
def test_the_ledger_does_what_the_model_does(
    loop_and_connection: tuple[asyncio.Runner, Connection],
    program: list[tuple[str, dict[str, Any]]],
    sizes: list[int],
) -> None:
    runner, connection = loop_and_connection
    runner.run(compare(connection, program, sizes))
