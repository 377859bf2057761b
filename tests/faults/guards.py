"""Scenarios that find a breach when a guard is gone: each returns what it found, in words."""

import asyncio
import signal
from collections.abc import Sequence
from itertools import pairwise

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import new_id
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.operations.submit import keyed
from payments.registry import OPERATIONS
from payments.transfers import create as create_transfer
from payments.transfers.create import CreateTransfer
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from streams import partitions
from streams.client import create_client
from streams.entry import Entry
from tests.faults.journal import Door, Journal, undecided
from tests.faults.stage import applied, consumer, two_wallets, value


def transfer(source: int, destination: int, minor: int = 1) -> CreateTransfer:
    """The intent."""
    return CreateTransfer(
        source_wallet_id=source, destination_wallet_id=destination, minor=minor, currency="RUB"
    )


def credit(wallet: int, minor: int) -> AdjustWallet:
    """The intent."""
    return AdjustWallet(
        wallet_id=wallet, minor=minor, currency="RUB", is_credit=True, reason="guards"
    )


def entry_of(kind: str, intent: Intent, number: int) -> Entry:
    """As it would stand in a stream."""
    envelope = seal(new_id(), kind, "guards", intent, utc_now(), "")
    return Entry(-1, f"1-{number}", encode(envelope))


async def apply_in(connection: Connection, entries: Sequence[Entry]) -> None:
    """One batch, as a consumer would."""
    await Applier(OPERATIONS, utc_now).apply(connection, entries)


async def opened(door: Door, count: int, minor: int) -> list[int]:
    """Wallets with so much in each; needs a consumer."""
    return await asyncio.gather(*(one_wallet(door, n, minor) for n in range(count)))


async def one_wallet(door: Door, number: int, minor: int) -> int:
    """A wallet."""
    intent = OpenWallet(currency="RUB", owner=f"w{number}")
    wallet = int((await applied(door.submitter, open_wallet.OPERATION, intent))["wallet_id"])
    if minor:
        await applied(door.submitter, adjust.OPERATION, credit(wallet, minor))
    return wallet


async def entry_delivered_twice(database_url: str, redis_url: str) -> list[str]:
    """The unique operation id: a redelivered entry must move nothing."""
    async with consumer(database_url, redis_url), Door(database_url, redis_url) as door:
        (wallet,) = await opened(door, 1, 1000)
    connection = await connect(database_url)
    try:
        entry = entry_of(adjust.OPERATION.kind, credit(wallet, 10), 1)
        for _ in range(2):
            await apply_in(connection, [entry])
        balance = await connection.fetchval(
            "SELECT credits_posted - debits_posted FROM accounts WHERE id = $1", wallet
        )
    finally:
        await connection.close()
    return [f"a credit of 10 brought {balance - 1000}"] if balance != 1010 else []


async def deadlock_storm(database_url: str, redis_url: str) -> list[str]:
    """Sorted locks: two consumers, the same accounts, opposite orders: nobody waits in a circle."""
    async with consumer(database_url, redis_url), Door(database_url, redis_url) as door:
        wallets = sorted(await opened(door, 12, 100_000))
    there = [transfer(a, b) for a, b in pairwise(wallets)]
    back = [transfer(i.destination_wallet_id, i.source_wallet_id) for i in reversed(there)]
    connections = [
        await connect(database_url, deadlock_timeout="20ms", application_name=f"storm-{n}")
        for n in range(2)
    ]
    blocker = await connect(database_url)
    try:
        for wallet in wallets:
            await collide(blocker, wallet, list(zip(connections, (there, back), strict=True)))
    finally:
        for connection in (*connections, blocker):
            await connection.close()
    wanted = len(wallets) * 2 * len(there)
    decided = await value(
        database_url, "SELECT count(*) FROM operations WHERE kind = 'transfer.create'"
    )
    deadlocks = await value(
        database_url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    found = [f"{deadlocks} deadlocks"] if deadlocks else []
    return [*found, f"{decided} of {wanted} decided"] if decided != wanted else found


async def collide(
    blocker: Connection, wallet: int, batches: Sequence[tuple[Connection, list[CreateTransfer]]]
) -> None:
    """Both batches at once, stopped in the midst of their locks: somebody holds one account."""
    kind = create_transfer.OPERATION.kind
    async with blocker.transaction():
        await blocker.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", wallet)
        running = [
            asyncio.create_task(apply_in(c, [entry_of(kind, i, n) for n, i in enumerate(half)]))
            for c, half in batches
        ]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        until = monotonic_s() + 5
        while await blocker.fetchval(waiting) < len(running):
            assert monotonic_s() < until, "the batches do not meet"
            await asyncio.sleep(0.005)
            await blocker.execute("SELECT pg_stat_clear_snapshot()")
    await asyncio.gather(*running)
    for connection, _ in batches:
        await connection.execute("SELECT pg_stat_force_next_flush()")


async def killed_before_commit(database_url: str, redis_url: str, without: str = "") -> list[str]:
    """Acknowledge after the commit: a consumer that dies before it must leave its batch behind."""
    points = "before_commit" + (f"+{without}" if without else "")
    async with Door(database_url, redis_url) as door:
        async with consumer(database_url, redis_url):
            wallets = await two_wallets(door)
            await drained(redis_url)  # nothing of ours may be in the batch that dies
        journal = Journal(door.submitter, wallets)
        await journal.send(50)
        async with consumer(database_url, redis_url, points) as doomed:
            assert await doomed.ended() == -signal.SIGKILL
        async with consumer(database_url, redis_url):
            await drained(redis_url)
            lost = await undecided(database_url, journal.accepted)
    return [f"{lost} of 50 accepted operations are lost"] if lost else []


async def drained(redis_url: str, deadline_s: float = 20) -> None:
    """Wait until nothing is left in the streams of intents."""
    client = create_client(redis_url)
    until = monotonic_s() + deadline_s
    try:
        while sum((await partitions.backlog(client, range(4))).values()):
            assert monotonic_s() < until, "entries stay in the streams"
            await asyncio.sleep(0.05)
    finally:
        await client.aclose()


async def two_owners(database_url: str, redis_url: str, without: str = "none") -> list[str]:
    """Fencing: with one owner a partition is applied in order, so what came first counts first.

    Each transfer spends what the credit accepted before it brought; two consumers share the work.
    """
    async with Door(database_url, redis_url) as door:
        async with consumer(database_url, redis_url):
            wallets = await opened(door, 5, 0)
        async with (
            consumer(database_url, redis_url, without),
            consumer(database_url, redis_url, without),
        ):
            await both_at_work(database_url)
            *spenders, saver = wallets
            await asyncio.gather(*(earn_and_spend(door, w, saver) for w in spenders))
            await drained(redis_url)
    refused = await value(
        database_url,
        "SELECT count(*) FROM operations WHERE kind = 'transfer.create' AND status = 'rejected'",
    )
    return [f"{refused} transfers overtook the credit accepted before them"] if refused else []


async def both_at_work(database_url: str) -> None:
    """Wait until two consumers beat, the one that made the wallets forgotten."""
    query = "SELECT count(*) FROM stream_consumers WHERE seen_at > now() - interval '1.5 s'"
    until = monotonic_s() + 15
    while await value(database_url, query) < 2:
        assert monotonic_s() < until, "a consumer does not start"
        await asyncio.sleep(0.1)


async def earn_and_spend(door: Door, wallet: int, saver: int) -> None:
    """A credit of one, then a transfer of it, again and again; both belong to one partition."""
    for number in range(150):
        earn = credit(wallet, 1)
        await door.submitter(
            keyed(adjust.OPERATION, earn, actor="guards", key=f"in-{wallet}-{number}")
        )
        spend = transfer(wallet, saver)
        await door.submitter(
            keyed(create_transfer.OPERATION, spend, actor="guards", key=f"out-{wallet}-{number}")
        )
