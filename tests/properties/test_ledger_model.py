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
from payments.operations import atomic
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.registry import OPERATIONS
from payments.transactions import create as create_transaction
from payments.transactions import reverse as reverse_transaction
from payments.transfers import create as create_transfer
from payments.transfers import reverse
from payments.wallets import adjust, change, freeze
from payments.wallets import open as open_wallet
from streams.entry import Entry
from tests.fixtures.invariants import assert_invariants
from tests.properties.model import Model

CURRENCIES = ["RUB", "RUB", "RUB", "USD", "USD"]
"""Of each wallet. Transfers and holds are asked in roubles, transactions in both."""
ROUBLES = CURRENCIES.count("RUB")
OPENING = 100
NOT_OURS = ("redis_not_behind",)
"""The batches are applied straight: nothing was in Redis."""

wallets = st.integers(0, ROUBLES - 1)
any_wallet = st.integers(0, len(CURRENCIES) - 1)
amounts = st.integers(1, 120)
AIMED = 25
earlier = st.integers(0, 30)


@st.composite
def postings(draw: st.DrawFn) -> dict[str, Any]:
    """One posting between two wallets of a currency, rarely across."""
    currency = draw(st.sampled_from(("RUB", "USD")))
    same = [n for n, its in enumerate(CURRENCIES) if its == currency]
    wallet = st.sampled_from(same) if draw(st.integers(0, 19)) else any_wallet
    source, destination = draw(st.lists(wallet, min_size=2, max_size=2, unique=True))
    amount = draw(amounts)
    return {"source": source, "destination": destination, "amount": amount, "currency": currency}


def step(name: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A step of that name."""
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


transfer = step("transfer", source=wallets, destination=wallets, amount=amounts)
transaction = step("transaction", postings=st.lists(postings(), min_size=1, max_size=5))
undo = step("undo", transaction=earlier, is_forced=st.booleans())
partial = step("reverse", transfer=earlier, amount=st.none() | amounts)
steps = st.one_of(
    transfer,
    transaction,
    transaction,
    undo,
    undo,
    partial,
    step("group", parts=st.lists(st.one_of(transfer, transaction, undo), min_size=1, max_size=4)),
    step("hold", wallet=wallets, amount=amounts),
    step("capture", hold=earlier, destination=wallets, amount=amounts, is_final=st.booleans()),
    step("release", hold=earlier),
    step(
        "freeze",
        wallet=any_wallet,
        direction=st.sampled_from((None, None, "debits", "credits", "both")),
    ),
    step("limit", wallet=any_wallet, amount=st.integers(0, 150)),
)
REFERS = {"undo": "transaction", "reverse": "transfer", "capture": "hold", "release": "hold"}
"""Which argument of a step is the number of another."""


def aimed(model: Model, name: str, a: dict[str, Any]) -> dict[str, Any]:
    """Numbers below 25 count among the steps that can be meant now; the others stay."""
    if name == "group":
        return {"parts": [(part, aimed(model, part, one)) for part, one in a["parts"]]}
    if name not in REFERS or a[REFERS[name]] >= AIMED:
        return a
    moved = [n for n in model.moved if n >= 0]
    if name == "reverse":
        moved = [n for n in moved if model.moved[n].kind.startswith("transfer")]
    places = list(model.holds) if REFERS[name] == "hold" else moved
    return {**a, REFERS[name]: places[a[REFERS[name]] % len(places)]} if places else a


programs = st.lists(steps, min_size=15, max_size=30)
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
            self.entry("wallet.open", open_wallet.OpenWallet(currency=c, owner="m"), new_id())
            for c in CURRENCIES
        ]
        answers = await self.applier.apply(self.connection, opens)
        self.wallets = [
            msgspec.json.decode(a.decision.result)["wallet_id"] for a in answers if a.decision
        ]
        money = [
            adjust.AdjustWallet(wallet_id=w, minor=OPENING, currency=c, is_credit=True, reason="m")
            for w, c in zip(self.wallets, CURRENCIES, strict=True)
        ]
        await self.applier.apply(
            self.connection, [self.entry("wallet.adjust", c, new_id()) for c in money]
        )

    def intent(self, name: str, a: dict[str, Any]) -> tuple[str, Intent]:
        make = {
            "transfer": self._transfer,
            "transaction": self._transaction,
            "undo": self._undo,
            "group": self._group,
            "hold": self._hold,
            "capture": self._capture,
            "release": self._release,
            "reverse": self._reverse,
            "freeze": self._freeze,
            "limit": self._limit,
        }
        return make[name](a)

    def _transfer(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_transfer.OPERATION.kind, create_transfer.CreateTransfer(
            source_wallet_id=self.wallets[a["source"]],
            destination_wallet_id=self.wallets[a["destination"]],
            minor=a["amount"],
            currency="RUB",
        )

    def _transaction(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_transaction.OPERATION.kind, create_transaction.CreateTransaction(
            postings=tuple(
                create_transaction.Posting(
                    source=f"wallet:{self.wallets[one['source']]}",
                    destination=f"wallet:{self.wallets[one['destination']]}",
                    minor=one["amount"],
                    currency=one["currency"],
                )
                for one in a["postings"]
            )
        )

    def _undo(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return reverse_transaction.OPERATION.kind, reverse_transaction.ReverseTransaction(
            transaction_id=self.id_of(a["transaction"]), is_forced=a["is_forced"]
        )

    def _group(self, a: dict[str, Any]) -> tuple[str, Intent]:
        intents = [self.intent(name, arguments) for name, arguments in a["parts"]]
        return atomic.KIND, atomic.ApplyAll(
            parts=tuple(
                atomic.AtomicPart(kind=kind, intent=msgspec.Raw(msgspec.json.encode(intent)))
                for kind, intent in intents
            )
        )

    def _hold(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_hold.OPERATION.kind, create_hold.CreateHold(
            wallet_id=self.wallets[a["wallet"]], minor=a["amount"], currency="RUB"
        )

    def _capture(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return capture.OPERATION.kind, capture.CaptureHold(
            hold_id=self.id_of(a["hold"]),
            destination_wallet_id=self.wallets[a["destination"]],
            minor=a["amount"],
            is_final=a["is_final"],
        )

    def _release(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return release.OPERATION.kind, release.ReleaseHold(hold_id=self.id_of(a["hold"]))

    def _reverse(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return reverse.OPERATION.kind, reverse.ReverseTransfer(
            transfer_id=self.id_of(a["transfer"]), minor=a["amount"]
        )

    def _freeze(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return freeze.OPERATION.kind, freeze.FreezeWallet(
            wallet_id=self.wallets[a["wallet"]],
            is_frozen=a["direction"] is not None,
            direction=a["direction"] or "both",
        )

    def _limit(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return change.OPERATION.kind, change.ChangeWallet(
            wallet_id=self.wallets[a["wallet"]], overdraft_minor=a["amount"]
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
    system, model = System(connection), Model([OPENING] * len(CURRENCIES), CURRENCIES)
    await system.prepare()
    system.ids = [new_id() for _ in program]
    expected: list[str | None] = []
    program = list(program)
    for n, (name, drawn) in enumerate(program):
        program[n] = name, aimed(model, name, drawn)
        expected.append(model.do(n, *program[n]))
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
    assert after == [(b, model.held(w)) for w, b in enumerate(model.balances)]
    # Everything once more, in one batch: nothing changes, every answer is the first one.
    again = await system.applier.apply(connection, entries)
    assert all(a.is_replay for a in again)
    assert [a.decision for a in again] == [a.decision for a in found]
    assert await system.state() == after


@pytest.fixture
def loop_and_connection(
    postgres_server: str, template_database: str, redis_url: str
) -> Iterator[tuple[asyncio.Runner, Connection]]:
    """A database for all examples of a test, each with its own wallets; audited at the end."""
    name = f"model_{new_id().hex}"

    async def administer(statement: str) -> None:
        administrator = await asyncpg.connect(postgres_server)
        await administrator.execute(statement)
        await administrator.close()

    with asyncio.Runner() as runner:
        runner.run(administer(f"CREATE DATABASE {name} TEMPLATE {template_database}"))
        url = with_database(postgres_server, name)
        connection = runner.run(connect(url))
        yield runner, connection
        runner.run(connection.close())
        runner.run(assert_invariants(url, redis_url, allowed=NOT_OURS))
        runner.run(administer(f"DROP DATABASE {name} WITH (FORCE)"))


@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(program=programs, sizes=cuts)
def test_the_ledger_does_what_the_model_does(
    loop_and_connection: tuple[asyncio.Runner, Connection],
    program: list[tuple[str, dict[str, Any]]],
    sizes: list[int],
) -> None:
    runner, connection = loop_and_connection
    runner.run(compare(connection, program, sizes))
