"""After the append only the ledger's word counts, and a parked operation is told at once."""

import msgspec
import pytest

import payments.transfers.create
import payments.wallets.adjust
import payments.wallets.open
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.errors import Conflict
from payments.operations.acceptance import Acceptance
from payments.operations.outcome import Decision
from payments.operations.outcomes import PARKED
from payments.operations.submit import Request, fresh, keyed
from payments.transfers.create import CreateTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from streams import partitions
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, eventually

POISON = "ALTER TABLE transfers ADD CONSTRAINT no_poison CHECK (description <> 'poison') NOT VALID"


async def two_wallets(platform: Platform) -> tuple[int, int]:
    wallets = [
        await platform.apply(payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner="o"))
        for _ in range(2)
    ]
    source, destination = (int(w["wallet_id"]) for w in wallets)
    credit = AdjustWallet(
        wallet_id=source, minor=1000, currency="RUB", is_credit=True, reason="test"
    )
    await platform.apply(payments.wallets.adjust.OPERATION, credit)
    return source, destination


def transfer(wallets: tuple[int, int], minor: int, description: str = "") -> CreateTransfer:
    return CreateTransfer(
        source_wallet_id=wallets[0],
        destination_wallet_id=wallets[1],
        minor=minor,
        currency="RUB",
        description=description,
    )


def under_key(intent: CreateTransfer, key: str = "k") -> Request:
    return keyed(payments.transfers.create.OPERATION, intent, actor="t", key=key)


async def leave_marker(platform: Platform, request: Request) -> None:
    """What a refused XADD and a lost DEL leave: a marker of other content, and no entry."""
    partition = partitions.partition_of(request.partition_key, platform.settings.partitions)
    marker = Acceptance(b"of other content", "transfer.create", utc_now(), "t")
    key = partitions.marker(partition, str(request.operation_id))
    await platform.redis.set(key, msgspec.json.encode(marker))


@pytest.mark.parametrize("wait_s", [0, 0.2, 10])
@pytest.mark.case("C10")
async def test_a_marker_without_an_entry_never_answers_a_conflict(
    platform: Platform, wait_s: float
) -> None:
    wallets = await two_wallets(platform)
    request = under_key(transfer(wallets, 100))
    await leave_marker(platform, request)
    ticket = await platform.submitter(request, wait_s)
    assert ticket.decision is not None
    assert (ticket.decision.status, ticket.is_replay) == ("applied", False)
    again = await platform.submitter(request, wait_s)
    assert again.is_replay
    moved = await platform.value("SELECT count(*), sum(minor) FROM transfers")
    assert moved == 1


@pytest.mark.case("C10")
async def test_without_a_consumer_such_a_request_is_accepted(platform: Platform) -> None:
    wallets = await two_wallets(platform)
    await platform.stop_consumer()
    request = under_key(transfer(wallets, 100))
    await leave_marker(platform, request)
    ticket = await platform.submitter(request)
    assert (ticket.decision, ticket.is_replay, ticket.is_parked) == (None, False, False)
    await platform.start_consumer()
    outcome = await platform.outcomes.wait(ticket.operation_id, ticket.accepted_at, 30)
    assert isinstance(outcome, Decision)
    assert outcome.status == "applied"


@pytest.mark.case("C10")
async def test_other_content_is_a_conflict_when_the_ledger_says_so(platform: Platform) -> None:
    wallets = await two_wallets(platform)
    await platform.stop_consumer()
    await platform.submitter(under_key(transfer(wallets, 100)))
    await platform.start_consumer()
    with pytest.raises(Conflict, match="another body"):
        await platform.submitter(under_key(transfer(wallets, 101)))
    assert await platform.value("SELECT sum(minor) FROM transfers") == 100
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("M8")
async def test_who_waits_hears_at_once_that_it_is_parked(platform: Platform) -> None:
    wallets = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    began = monotonic_s()
    requests = [
        fresh(payments.transfers.create.OPERATION, transfer(wallets, 1, text), actor="t")
        for text in ("good", "poison", "good")
    ]
    tickets = await platform.submitter.many(requests, 60)
    assert monotonic_s() - began < 30
    assert [getattr(t, "is_parked", None) for t in tickets] == [False, True, False]
    assert [getattr(t, "decision", None) is None for t in tickets] == [False, True, False]
    outcome = await platform.outcomes.wait(requests[1].operation_id, tickets[1].accepted_at, 30)  # type: ignore[union-attr]
    assert outcome is PARKED


@pytest.mark.case("M8")
async def test_a_lost_push_is_made_up_for_and_an_earlier_letter_is_not_taken_for_this_one(
    platform: Platform,
) -> None:
    wallets = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    request = under_key(transfer(wallets, 1, "poison"))
    first = await platform.submitter(request)  # nobody is told: it did not say where to

    async def is_parked() -> bool:
        return bool(await platform.value("SELECT count(*) FROM dead_letters"))

    await eventually(is_parked)
    assert await platform.outcomes.wait(first.operation_id, first.accepted_at, 30) is PARKED
    async with platform.connection() as connection:
        await connection.execute("ALTER TABLE transfers DROP CONSTRAINT no_poison")
    await platform.stop_consumer()
    began = monotonic_s()
    undecided = await platform.submitter(request, 2.5)
    assert monotonic_s() - began > 2
    assert (undecided.decision, undecided.is_parked) == (None, False)
    await platform.start_consumer()
    again = await platform.submitter(request, 30)
    assert again.decision is not None
    assert again.decision.status == "applied"


@pytest.mark.case("M3")
@pytest.mark.parametrize("wait_s", [0, 30])
async def test_the_key_of_a_parked_operation_is_not_another_operations(
    platform: Platform, wait_s: int
) -> None:
    wallets = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    parked = under_key(transfer(wallets, 1, "poison"))
    assert (await platform.submitter(parked, 30)).is_parked

    other = under_key(transfer(wallets, 2))
    if wait_s:
        with pytest.raises(Conflict, match="another body"):
            await platform.submitter(other, wait_s)
    else:
        await platform.submitter(other)

    async def is_recorded() -> bool:
        return bool(await platform.value("SELECT count(*) FROM operation_conflicts"))

    await eventually(is_recorded)
    assert await platform.value("SELECT count(*) FROM transfers") == 0
    async with platform.connection() as connection:
        await connection.execute("ALTER TABLE transfers DROP CONSTRAINT no_poison")
    again = await platform.submitter(parked, 30)
    assert again.decision is not None
    assert again.decision.status == "applied"
    await assert_invariants(platform.database_url, platform.redis_url)
