"""What stands in a stream and cannot be applied: garbage, and what a newer release wrote."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

import payments.holds.create
import payments.wallets.open
from payments.entrypoints.cli import app
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.kernel.ids import new_id
from payments.operations.atomic import ApplyAll, AtomicPart
from payments.operations.bulk import AcceptBulk, BulkPart
from payments.operations.bulk_ids import new_bulk_id
from payments.operations.envelope import Intent, encode, seal
from payments.operations.reading import is_kind
from payments.operations.submit import fresh
from payments.registry import OPERATIONS
from payments.transfers.create import CreateTransfer
from payments.wallets.open import OpenWallet
from streams import partitions
from streams.entry import Entry
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, eventually
from tests.integration.test_apply import Bench
from tests.integration.test_cli_keys import payments as command

ORDER = "wallet-1"


class Newer(Intent, frozen=True, kw_only=True):
    """A transfer as a release of the future may mean it."""

    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    only_if_raining: bool = False


def entry_of(payload: bytes, **changes: Any) -> bytes:
    """The payload with members of its envelope changed."""
    envelope = msgspec.json.decode(payload)
    return msgspec.json.encode({**envelope, **changes})


def transfer(source: int = 1, order: str = ORDER) -> bytes:
    intent = CreateTransfer(
        source_wallet_id=source, destination_wallet_id=2, minor=1, currency="RUB"
    )
    return encode(seal(new_id(), "transfer.create", "test", intent, utc_now(), "", order=order))


def newer(order: str = ORDER, *, is_raining: bool = True) -> bytes:
    intent = Newer(
        source_wallet_id=1,
        destination_wallet_id=2,
        minor=1,
        currency="RUB",
        only_if_raining=is_raining,
    )
    return encode(seal(new_id(), "transfer.create", "test", intent, utc_now(), "", order=order))


def bulk(*, kind: str = "transfer.create", more: bytes = b"", is_atomic: bool) -> bytes:
    """Two transfers, the second of a kind or with a field of the future."""
    ours = msgspec.json.encode(
        CreateTransfer(source_wallet_id=1, destination_wallet_id=2, minor=1, currency="RUB")
    )
    theirs = msgspec.Raw(ours[:-1] + more + b"}")
    if is_atomic:
        parts = (("transfer.create", msgspec.Raw(ours)), (kind, theirs))
        intent: Intent = ApplyAll(parts=tuple(AtomicPart(kind=k, intent=i) for k, i in parts))
    else:
        first = BulkPart(index=0, kind="transfer.create", intent=msgspec.Raw(ours))
        intent = AcceptBulk(parts=(first, BulkPart(index=1, kind=kind, intent=theirs)))
    id_, of = new_bulk_id(), "operations.atomic" if is_atomic else "bulk.accept"
    return encode(seal(id_, of, "test", intent, utc_now(), "", order=ORDER))


NUL = "a\x00b"
GARBAGE = {
    "NUL in kind": entry_of(transfer(), kind=NUL),
    "NUL in actor": entry_of(transfer(), actor=NUL),
    "NUL in the intent": transfer().replace(b'"minor"', b'"description":"a\\u0000b","minor"'),
    "NUL in reply_to": entry_of(transfer(), reply_to=NUL, digest="AAAA", body={"minor": NUL}),
    "NUL in kind and a field too many": entry_of(transfer(), kind=NUL, more=1),
    "NUL in kind of a newer version": entry_of(transfer(), kind=NUL, version=99),
    "lone surrogate": transfer().replace(b'"test"', b'"\\ud800"'),
    "not UTF-8": transfer().replace(b'"test"', b'"\xff\xfe"'),
    "not UTF-8 in the intent": transfer().replace(b'"RUB"', b'"\xff\xfe"'),
    "a kind of a megabyte": entry_of(transfer(), kind="k" * 2**20),
    "a sum that no column holds": transfer().replace(b'"minor":1', b'"minor":%d' % 10**30),
    "a wallet that no column holds": transfer().replace(
        b'"source_wallet_id":1', b'"source_wallet_id":true'
    ),
    "a time that no column holds": entry_of(transfer(), submitted_at="9999-12-31T23:59:59-23:00"),
    "nested too deep": transfer().replace(b'"RUB"', b"[" * 100_000),
    "NUL in a kind in a bulk": bulk(kind=NUL, is_atomic=False),
    "NUL in a kind in an atomic bulk": bulk(kind=NUL, is_atomic=True),
    "a sum in a bulk that nobody can read": bulk(more=b',"minor":"x"', is_atomic=False),
    "a sum in an atomic bulk that nobody can read": bulk(more=b',"minor":"x"', is_atomic=True),
    "no envelope": b'"transfer.create"',
    "nothing": b"",
}


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connection = await connect(database)
    yield Bench(connection)
    await connection.close()


async def shown(platform: Platform, number: int) -> None:
    """`payments dead-letters show`, in this process: starting one for each takes too long."""
    env = {"PAYMENTS_DATABASE_URL": platform.database_url}
    words = ["dead-letters", "show", str(number)]
    result = await asyncio.to_thread(CliRunner().invoke, app, words, env=env)
    assert result.exit_code == 0, result.output


@pytest.mark.case("C12")
async def test_garbage_of_any_sort_is_parked_alone(platform: Platform) -> None:
    wallets = [
        await platform.apply(payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner="o"))
        for _ in range(2)
    ]
    assert [w["wallet_id"] for w in wallets] == [1, 2]
    await platform.stop_consumer()
    for payload in GARBAGE.values():
        await platform.redis.xadd(partitions.intents(0), {partitions.FIELD: payload})
    await platform.redis.xadd(partitions.intents(0), {b"another field": b"x"})
    await platform.redis.xadd(partitions.intents(0), {partitions.FIELD: transfer()})
    await platform.start_consumer()
    await platform.settled()
    refused = await platform.value("SELECT array_agg(reason) FROM operations WHERE reason <> ''")
    # NUL in a description is refused like any transfer without money when nothing stores it.
    assert set(refused) == {"insufficient_funds"}
    parked = await platform.value("SELECT count(*) FROM dead_letters")
    assert parked + len(refused) == len(GARBAGE) + 2
    assert parked >= len(GARBAGE) - 2
    for number in range(1, parked + 1):
        await shown(platform, number)
    assert command(platform, "dead-letters", "discard", "1").returncode == 0
    await assert_invariants(
        platform.database_url, platform.redis_url, allowed=("no_old_dead_letters",)
    )


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(newer(), id="a field of the intent"),
        pytest.param(entry_of(transfer(), kind="transfer.undo"), id="a kind"),
        pytest.param(entry_of(transfer(), priority=5), id="a field of the envelope"),
        pytest.param(entry_of(transfer(), version=3), id="a version"),
        pytest.param(entry_of(transfer(), version=3, digest=7, body=None), id="another shape"),
        pytest.param(bulk(kind="transfer.undo", is_atomic=False), id="a kind in a bulk"),
        pytest.param(bulk(kind="transfer.undo", is_atomic=True), id="a kind in an atomic bulk"),
        pytest.param(bulk(more=b',"if":1', is_atomic=False), id="a field in a bulk"),
        pytest.param(bulk(more=b',"if":1', is_atomic=True), id="a field in an atomic bulk"),
    ],
)
@pytest.mark.case("C13")
async def test_what_a_newer_release_wrote_waits_for_it_and_keeps_its_order(
    bench: Bench, payload: bytes
) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    assert (a, b) == (1, 2)
    left = Entry(0, "7-1", payload)
    behind = Entry(0, "7-2", transfer())
    others = [Entry(0, "7-3", transfer(2, "wallet-2")), Entry(1, "7-1", transfer(1, "elsewhere"))]
    answers = await bench.apply(left, behind, *others)
    assert [answer.entry for answer in answers] == others
    (later,) = await bench.apply(Entry(0, "8-1", transfer()), Entry(0, "8-2", transfer(1, "else")))
    assert later.entry.stream_id == "8-2"
    assert await bench.connection.fetchval("SELECT count(*) FROM dead_letters") == 0
    # The partition goes to another and comes back: what is pending is read again, in order.
    bench.applier.forget(0)
    (again,) = await bench.apply(behind)
    assert again.decision is not None
    assert again.decision.status == "applied"


@pytest.mark.case("C13")
async def test_an_older_entry_without_an_order_waits_by_what_its_kind_says(bench: Bench) -> None:
    await bench.wallet(100)
    await bench.wallet()
    answers = await bench.apply(
        Entry(0, "7-1", newer("1")),
        Entry(0, "7-2", transfer(1, "")),
        Entry(0, "7-3", transfer(2, "")),
    )
    assert [answer.entry.stream_id for answer in answers] == ["7-3"]


@pytest.mark.case("C13")
async def test_thousands_stay_in_the_stream_while_others_go_on(platform: Platform) -> None:
    await platform.stop_consumer()
    pipeline = platform.redis.pipeline(transaction=False)
    for number in range(3000):
        payload = entry_of(transfer(), kind="transfer.undo", order=str(number))
        pipeline.execute_command("XADD", partitions.intents(number % 2), "*", "e", payload)
    await pipeline.execute()
    await platform.start_consumer()
    for number in range(20):
        intent = OpenWallet(currency="RUB", owner=f"o{number}")
        await platform.apply(payments.wallets.open.OPERATION, intent)
    assert await platform.value("SELECT count(*) FROM dead_letters") == 0

    async def is_left() -> bool:
        streams = [partitions.intents(p) for p in range(platform.settings.partitions)]
        return sum([await platform.redis.xlen(name) for name in streams]) == 3000

    await eventually(is_left)


@pytest.mark.case("C13")
async def test_it_is_applied_by_the_consumer_that_understands(platform: Platform) -> None:
    """The older consumer leaves, and the next one reads what is pending."""
    await platform.stop_consumer()
    older = [o for o in OPERATIONS if o is not payments.holds.create.OPERATION]
    await platform.start_consumer(older)
    await platform.apply(
        payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner="both know this")
    )
    hold = CreateHold(wallet_id=1, minor=1, currency="RUB")
    request = fresh(payments.holds.create.OPERATION, hold, actor="t")
    ticket = await platform.submitter(request, 1.0)
    assert (ticket.decision, ticket.is_parked) == (None, False)
    await platform.stop_consumer()
    await platform.start_consumer()
    decision = await platform.outcomes.wait(ticket.operation_id, ticket.accepted_at, 30)
    assert getattr(decision, "reason", None) == "insufficient_funds"
    await platform.settled()


@pytest.mark.case("C18")
async def test_names_of_killed_consumers_are_forgotten(platform: Platform) -> None:
    await platform.stop_consumer()
    async with platform.connection() as connection:
        await connection.execute(
            "INSERT INTO stream_consumers (name, seen_at) VALUES"
            " ('dead', now() - interval '2 days'), ('away', now() - interval '1 hour')"
        )
    await platform.start_consumer()

    async def names() -> list[str]:
        found: list[str] = await platform.value("SELECT array_agg(name) FROM stream_consumers")
        return found if "dead" not in found and len(found) == 2 else []

    assert "away" in await eventually(names)


def test_every_kind_looks_like_a_kind() -> None:
    assert [o.kind for o in OPERATIONS if not is_kind(o.kind)] == []
