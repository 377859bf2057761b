"""`payments bench ledger`: how fast batches are applied, without HTTP and without the stream."""

import random
from collections.abc import Callable, Sequence

from payments.entrypoints.bench import baseline
from payments.entrypoints.bench.report import Figure, Report, machine, server_settings
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.ids import new_id
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.registry import OPERATIONS
from payments.transfers.create import CreateTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from streams.entry import Entry

Say = Callable[[str], None]
Transfers = list[tuple[int, int, int]]


def entry(kind: str, intent: Intent) -> Entry:
    """An intent as it would come from a stream."""
    return Entry(-1, "0-0", encode(seal(new_id(), kind, "bench", intent, utc_now(), "")))


async def open_wallets(connection: Connection, applier: Applier, count: int, batch: int) -> list[int]:
    """`count` wallets of plenty; returns their ids."""
    before = await connection.fetchval("SELECT COALESCE(max(id), 0) FROM wallets")
    for start in range(0, count, batch):
        size = min(batch, count - start)
        await applier.apply(connection, [entry("wallet.open", OpenWallet(currency="RUB", owner="bench")) for _ in range(size)])
    ids = [row[0] for row in await connection.fetch("SELECT id FROM wallets WHERE id > $1 ORDER BY id", before)]
    for start in range(0, count, batch):
        credits = [
            entry("wallet.adjust", AdjustWallet(wallet_id=i, minor=10**10, currency="RUB", is_credit=True, reason="bench"))
            for i in ids[start : start + batch]
        ]
        await applier.apply(connection, credits)
    await connection.execute("VACUUM ANALYZE accounts, wallets")
    return ids


def uniform(ids: Sequence[int], count: int, rng: random.Random) -> Transfers:
    """Transfers between any two accounts."""
    picked = (rng.sample(range(len(ids)), 2) for _ in range(count))
    return [(ids[a], ids[b], rng.randint(1, 1000)) for a, b in picked]


def hot(ids: Sequence[int], count: int, rng: random.Random) -> Transfers:
    """Transfers that all go into or out of one account."""
    one = ids[0]
    rest = [ids[rng.randrange(1, len(ids))] for _ in range(count)]
    return [(one, other, 5) if n % 2 else (other, one, 5) for n, other in enumerate(rest)]


async def apply_all(connection: Connection, applier: Applier, transfers: Transfers, batch: int) -> float:
    """Apply them in batches; returns operations a second. Every one must be applied."""
    entries = [
        entry("transfer.create", CreateTransfer(source_wallet_id=a, destination_wallet_id=b, minor=m, currency="RUB"))
        for a, b, m in transfers
    ]
    started = monotonic_s()
    applied = 0
    for start in range(0, len(entries), batch):
        answers = await applier.apply(connection, entries[start : start + batch])
        applied += sum(1 for a in answers if a.decision is not None and a.decision.status == "applied")
    seconds = monotonic_s() - started
    if applied != len(transfers):
        raise AssertionError(f"{len(transfers) - applied} of {len(transfers)} transfers were not applied")
    return len(transfers) / seconds


async def run(database_url: str, *, transfers: int, accounts: int, batch: int, say: Say) -> Report:
    """Ours and the baseline, uniform and hot, on one server."""
    rng = random.Random(7)  # noqa: S311 - the same transfers every time
    connection = await connect(database_url)
    applier = Applier(OPERATIONS, utc_now)
    say(f"opening {accounts:,} wallets")
    ids = await open_wallets(connection, applier, accounts, batch)
    few = max(200, transfers // 20)
    engine = create_engine(database_url, pool_size=baseline.CONNECTIONS)
    await baseline.prepare(engine, accounts)
    plain = range(1, accounts + 1)
    figures = []
    for name, make in (("uniform accounts", uniform), ("one hot account", hot)):
        say(f"{name}: baseline, {few:,} transfers one at a time")
        await baseline.run(engine, make(plain, 100, rng))
        base = few / await baseline.run(engine, make(plain, few, rng))
        say(f"{name}: {transfers:,} transfers in batches of {batch}")
        await apply_all(connection, applier, make(ids, batch, rng), batch)
        ours = await apply_all(connection, applier, make(ids, transfers, rng), batch)
        figures += [
            Figure(name=f"{name}: this ledger", per_second=ours, ratio=ours / base, note=f"one consumer, batches of {batch}"),
            Figure(name=f"{name}: row at a time", per_second=base, ratio=1, note=f"SQLAlchemy, {baseline.CONNECTIONS} connections"),
        ]
    settings = await server_settings(connection)
    await engine.dispose()
    await connection.close()
    return Report(
        title="ledger: transfers applied",
        command=f"payments bench ledger --transfers {transfers} --accounts {accounts} --batch {batch}",
        machine=machine(),
        settings=settings,
        figures=figures,
    )
