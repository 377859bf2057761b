"""A bulk is one entry: what the engine makes of it, repeated, contradicted, cut or poisoned."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from payments.kernel.clock import utc_now
from payments.kernel.ids import OperationId, new_id
from payments.operations.bulk import KIND, AcceptBulk, BulkPart
from payments.operations.bulk_ids import item_id, new_bulk_id
from payments.operations.envelope import Envelope, decode, encode, seal
from payments.operations.items import Answer
from payments.transfers.create import CreateTransfer
from streams.entry import Entry
from tests.integration.test_apply import Bench, bench, transfer
from tests.integration.test_ledgers_word import POISON

__all__ = ["bench"]


def sealed(
    intents: Sequence[CreateTransfer],
    bulk_id: UUID | None = None,
    *,
    content: str = "",
    item_ids: Sequence[UUID | None] = (),
) -> Envelope:
    """A bulk of transfers as the API accepts it."""
    ids = item_ids or [None] * len(intents)
    parts = tuple(
        BulkPart(
            index=n,
            kind="transfer.create",
            intent=msgspec.Raw(msgspec.json.encode(one)),
            operation_id=ids[n],
        )
        for n, one in enumerate(intents)
    )
    whole = OperationId(bulk_id or new_bulk_id())
    return seal(whole, KIND, "test", AcceptBulk(parts=parts, content=content), utc_now(), "reply")


def entry(envelope: Envelope, place: int = 900) -> Entry:
    """It in the stream."""
    return Entry(0, f"1-{place}", encode(envelope))


def statuses(answers: Sequence[Answer]) -> list[str]:
    """Of the items, without the bulk's own."""
    return [
        "conflict" if a.is_conflict else a.decision.status if a.decision else "none"
        for a in answers
        if a.whole is not None
    ]


async def test_items_are_operations_decided_in_their_order(bench: Bench) -> None:
    a, b, c = await bench.wallet(100), await bench.wallet(), await bench.wallet()
    envelope = sealed([transfer(a, b, 100), transfer(b, c, 100), transfer(a, b, 1)])
    answers = await bench.apply(entry(envelope))
    assert statuses(answers) == ["applied", "applied", "rejected"]
    ids = [item_id(envelope.operation_id, n) for n in range(3)]
    assert [x.envelope.operation_id for x in answers[1:] if x.envelope] == ids
    assert (
        await bench.connection.fetchval(
            "SELECT count(*) FROM operations WHERE id = ANY($1)", [envelope.operation_id, *ids]
        )
        == 4
    )
    assert (await bench.balance(a), await bench.balance(c)) == (0, 100)


async def test_an_entry_that_comes_again_is_answered_again(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    envelope = sealed([transfer(a, b, 10), transfer(a, b, 1000)])
    first = await bench.apply(entry(envelope))
    again = await bench.apply(entry(envelope))
    assert [x.decision for x in again] == [x.decision for x in first]
    assert all(x.is_replay for x in again)
    assert await bench.balance(b) == 10


async def test_an_entry_cut_short_by_a_crash_is_finished(bench: Bench) -> None:
    """As when a batch was halved in the middle of a bulk and only the first half committed."""
    a, b = await bench.wallet(100), await bench.wallet()
    envelope = sealed([transfer(a, b, 10), transfer(a, b, 20)])
    items = bench.applier._reader.read_all(entry(envelope))
    await bench.applier._isolate(bench.connection, items[:2])
    assert await bench.balance(b) == 10
    assert statuses(await bench.apply(entry(envelope))) == ["applied", "applied"]
    assert await bench.balance(b) == 30


async def test_a_repeat_decides_no_item_that_the_first_had_not(bench: Bench) -> None:
    """What was refused before the first was accepted could be read when it was repeated."""
    a, b = await bench.wallet(100), await bench.wallet()
    bulk_id = new_bulk_id()
    await bench.apply(entry(sealed([transfer(a, b, 10)], bulk_id, content="the same")))
    more = sealed([transfer(a, b, 10), transfer(a, b, 20)], bulk_id, content="the same")
    answers = await bench.apply(entry(more, 901))
    assert answers[0].is_replay
    assert statuses(answers) == ["none", "none"]
    assert await bench.balance(b) == 10


async def test_another_list_under_the_key_moves_nothing(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    bulk_id = new_bulk_id()
    first = entry(sealed([transfer(a, b, 10)], bulk_id, content="one"))
    other = entry(sealed([transfer(a, b, 10), transfer(a, b, 20)], bulk_id, content="two"), 901)
    for batch in ([first, other], [other]):
        answers = await bench.apply(*batch)
        assert answers[-3].is_conflict
        assert statuses(answers)[-2:] == ["none", "none"]
    assert await bench.balance(b) == 10


async def test_an_item_with_a_key_of_its_own_is_that_operation(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    own = new_id()
    single = bench.entry("transfer.create", transfer(a, b, 10), own)
    (first,) = await bench.apply(single)
    intents = [transfer(a, b, 10), transfer(a, b, 11), transfer(a, b, 12)]
    answers = await bench.apply(entry(sealed(intents, item_ids=[own, own, None])))
    assert statuses(answers) == ["applied", "conflict", "applied"]
    assert answers[1].decision == first.decision
    assert await bench.balance(b) == 22


async def test_a_poisoned_item_is_parked_alone_and_can_be_tried_again(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    await bench.connection.execute(POISON)
    bad = msgspec.structs.replace(transfer(a, b, 5), description="poison")
    envelope = sealed([transfer(a, b, 10), bad, bad, transfer(a, b, 20)])
    answers = await bench.apply(entry(envelope))
    assert statuses(answers) == ["applied", "none", "none", "applied"]
    assert await bench.balance(b) == 30
    letters = await bench.connection.fetch("SELECT payload, operation_id FROM dead_letters")
    assert [decode(row[0]).operation_id for row in letters] == [row[1] for row in letters]
    await bench.connection.execute("ALTER TABLE transfers DROP CONSTRAINT no_poison")
    retried = [Entry(0, f"1-{950 + n}", row[0]) for n, row in enumerate(letters)]
    again = await bench.apply(*retried)
    assert [x.decision.status for x in again if x.decision] == ["applied", "applied"]
    assert await bench.balance(b) == 40
