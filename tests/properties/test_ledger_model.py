"""Any operations, in any batches: the real ledger does what the model does, a replay nothing."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.kernel.database import Connection, connect, with_database
from payments.kernel.ids import new_id
from payments.operations.bulk_ids import new_bulk_id
from tests.fixtures.invariants import assert_invariants
from tests.properties.ledger_system import CURRENCIES, HOUSES, OPENINGS, PAST_DAYS, System
from tests.properties.model import Model

ENDLESS = 10**12
NOT_OURS = ("redis_not_behind",)
"""The batches are applied straight: nothing was in Redis."""

wallets = st.sampled_from([n for n, currency in enumerate(CURRENCIES) if currency == "RUB"])
any_wallet = st.integers(0, len(CURRENCIES) - 1)
amounts = st.integers(1, 120)
AIMED = 25
earlier = st.integers(0, 30)


@st.composite
def postings(draw: st.DrawFn) -> dict[str, Any]:
    """One posting between two wallets of a currency, rarely across."""
    currency = draw(st.sampled_from(("RUB", "USD")))
    same = [n for n, its in enumerate(CURRENCIES) if its == currency]
    if currency == "RUB":
        same += range(len(CURRENCIES), len(CURRENCIES) + len(HOUSES))
    wallet = st.sampled_from(same) if draw(st.integers(0, 19)) else any_wallet
    source, destination = draw(st.lists(wallet, min_size=2, max_size=2, unique=True))
    amount = draw(amounts)
    return {"source": source, "destination": destination, "amount": amount, "currency": currency}


def step(name: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A step of that name."""
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


transfer = step("transfer", source=wallets, destination=wallets, amount=amounts)
transaction = step(
    "transaction",
    postings=st.lists(postings(), min_size=1, max_size=5),
    days=st.none() | st.none() | st.integers(1, 20),
)
undo = step("undo", transaction=earlier, is_forced=st.booleans())
partial = step("reverse", transfer=earlier, amount=st.none() | amounts)
parts = st.lists(st.one_of(transfer, transaction, undo), min_size=1, max_size=4)
steps = st.one_of(
    transfer,
    transaction,
    transaction,
    undo,
    undo,
    partial,
    step("group", parts=parts),
    step("bulk", parts=parts),
    step("close", wallet=any_wallet),
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
    if name in {"group", "bulk"}:
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


async def compare(
    connection: Connection, program: list[tuple[str, dict[str, Any]]], sizes: list[int]
) -> None:
    system = System(connection)
    openings = [*OPENINGS, *(0 for _ in HOUSES)]
    model = Model(openings, [*CURRENCIES, *("RUB" for _ in HOUSES)], len(CURRENCIES))
    for n, may_go_below in enumerate(HOUSES.values(), len(CURRENCIES)):
        model.limits[n] = ENDLESS if may_go_below else 0
    await system.prepare()
    system.ids = [new_bulk_id() if name == "bulk" else new_id() for name, _ in program]
    expected: list[str | None] = []
    program = list(program)
    for n, (name, drawn) in enumerate(program):
        program[n] = name, aimed(model, name, drawn)
        told = model.do(n, *program[n])
        expected += [None, *told] if name == "bulk" else [told]
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
    past = [0] * len(model.balances)
    for number, minor, days in model.backdated:
        past[number] += minor if days > PAST_DAYS else 0
    assert await system.effective() == past
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
