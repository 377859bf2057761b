"""`payments bench ledger`: how fast batches are applied, without HTTP and without the stream."""

from collections.abc import Callable, Sequence

from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.ids import OperationId, new_id
from payments.kernel.randomness import Seeded, seeded
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.registry import OPERATIONS
from payments.transfers.create import CreateTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from payments_tools.bench import baseline, limit
from payments_tools.bench.report import Figure, Report, machine, server_settings
from payments_tools.bench.sample import Sample, sample
from streams.consumer import LANES
from streams.entry import Entry
from streams.finishing import Step
from streams.lanes import Lanes
from streams.turns import Turn

Say = Callable[[str], None]
Transfers = list[tuple[int, int, int]]
MakeId = Callable[[], OperationId]
PLENTY_MINOR = 10**10


def entry(kind: str, intent: Intent, make_id: MakeId = new_id) -> Entry:
    """An intent as it would come from a stream."""
    return Entry(-1, "0-0", encode(seal(make_id(), kind, "bench", intent, utc_now(), "")))


def transfer_entries(transfers: Transfers, make_id: MakeId = new_id) -> list[Entry]:
    """The transfers as they would come from a stream."""
    return [
        entry(
            "transfer.create",
            CreateTransfer(source_wallet_id=a, destination_wallet_id=b, minor=m, currency="RUB"),
            make_id,
        )
        for a, b, m in transfers
    ]


async def open_wallets(
    connection: Connection, applier: Applier, count: int, batch: int
) -> list[int]:
    """`count` wallets of plenty; returns their ids."""
    before = await connection.fetchval("SELECT COALESCE(max(id), 0) FROM wallets")
    for start in range(0, count, batch):
        size = min(batch, count - start)
        await applier.apply(connection, [_opening() for _ in range(size)])
    rows = await connection.fetch("SELECT id FROM wallets WHERE id > $1 ORDER BY id", before)
    ids = [row[0] for row in rows]
    for start in range(0, count, batch):
        await applier.apply(connection, [_top_up(i) for i in ids[start : start + batch]])
    await connection.execute("VACUUM ANALYZE accounts, wallets")
    return ids


def _opening() -> Entry:
    return entry("wallet.open", OpenWallet(currency="RUB", owner="bench"))


def _top_up(wallet_id: int) -> Entry:
    intent = AdjustWallet(
        wallet_id=wallet_id, minor=PLENTY_MINOR, currency="RUB", is_credit=True, reason="bench"
    )
    return entry("wallet.adjust", intent)


def uniform(ids: Sequence[int], count: int, rng: Seeded) -> Transfers:
    """Transfers between any two accounts."""
    picked = (rng.sample(range(len(ids)), 2) for _ in range(count))
    return [(ids[a], ids[b], rng.randint(1, 1000)) for a, b in picked]


def hot(ids: Sequence[int], count: int, rng: Seeded) -> Transfers:
    """Transfers that all go into or out of one account."""
    one = ids[0]
    rest = [ids[rng.randrange(1, len(ids))] for _ in range(count)]
    return [(one, other, 5) if n % 2 else (other, one, 5) for n, other in enumerate(rest)]


async def apply_all(
    connection: Connection, applier: Applier, entries: Sequence[Entry], batch: int
) -> Sample:
    """Apply them in batches, each of which must be applied whole; latencies are the batches'."""
    latencies_s: list[float] = []
    applied = 0
    for start in range(0, len(entries), batch):
        began = monotonic_s()
        answers = await applier.apply(connection, entries[start : start + batch])
        latencies_s.append(monotonic_s() - began)
        applied += sum(1 for a in answers if a.decision and a.decision.status == "applied")
    if applied != len(entries):
        raise AssertionError(f"{len(entries) - applied} of {len(entries)} were not applied")
    return sample(len(entries), sum(latencies_s), latencies_s)


async def as_consumer(database_url: str) -> list[Connection]:
    """The sessions on which a consumer writes, with its way of planning."""
    return [await connect(database_url, is_planned_once=True) for _ in range(LANES)]


def consumers_applier() -> Applier:
    """It applies as a consumer's does."""
    return Applier(OPERATIONS, utc_now, TELLER, sets_aside=True, is_quick=True)


async def apply_lanes(
    sessions: Sequence[Connection], applier: Applier, entries: Sequence[Entry], batch: int
) -> Sample:
    """The same on several sessions, as a consumer does; the time of a batch includes its wait."""
    latencies_s: list[float] = []
    applied = 0

    async def handle(connection: Connection, part: list[Entry], turn: Turn) -> list[Step]:
        nonlocal applied
        began = monotonic_s()
        answers = await applier.apply(connection, part, turn)
        latencies_s.append(monotonic_s() - began)
        applied += sum(1 for a in answers if a.decision and a.decision.status == "applied")
        return []

    async def nothing(_steps: Sequence[Step]) -> None:
        pass

    lanes = Lanes(sessions, handle, nothing)
    began = monotonic_s()
    for start in range(0, len(entries), batch):
        await lanes.start(list(entries[start : start + batch]))
    await lanes.idle()
    taken_s = monotonic_s() - began
    if applied != len(entries):
        raise AssertionError(f"{len(entries) - applied} of {len(entries)} were not applied")
    return sample(len(entries), taken_s, latencies_s)


async def run(database_url: str, *, transfers: int, accounts: int, batch: int, say: Say) -> Report:
    """Ours, the baseline and the limit, uniform and hot, on one server."""
    rng = seeded("bench ledger")
    connection = await connect(database_url)
    applier = consumers_applier()
    say(f"opening {accounts:,} wallets")
    ids = await open_wallets(connection, applier, accounts, batch)
    settings = await server_settings(connection)
    await connection.close()
    engine = create_engine(database_url, pool_size=baseline.CONNECTIONS)
    await baseline.prepare(engine, accounts)
    memory.settle()  # as the consumer does
    figures: list[Figure] = []
    shares: dict[str, str] = {}
    for name, make in (("uniform accounts", uniform), ("one hot account", hot)):
        few = max(200, transfers // 20)
        say(f"{name}: baseline, {few:,} transfers one at a time")
        plain = range(1, accounts + 1)
        await baseline.run(engine, make(plain, few // 4, rng))
        base = await baseline.run(engine, make(plain, few, rng))
        await engine.dispose()
        say(f"{name}: {transfers:,} transfers in batches of {batch}, then the limit")
        warm, measured = make(ids, batch, rng), make(ids, transfers, rng)
        ours, limit_ = await _against_limit(database_url, applier, warm, measured, batch)
        figures += _figures(name, ours, base, batch)
        share = ours.per_second / limit_.per_second
        figures.append(_limit_figure(name, limit_, base, share))
        shares[f"share of the limit, {name}"] = f"{share:.2f}"
    await engine.dispose()
    return Report(
        title="ledger: transfers applied",
        command="payments bench ledger "
        f"--transfers {transfers} --accounts {accounts} --batch {batch}",
        machine=machine(),
        settings=settings,
        figures=figures,
        extra=shares,
    )


async def _against_limit(
    database_url: str, applier: Applier, warm: Transfers, measured: Transfers, batch: int
) -> tuple[Sample, Sample]:
    """Ours, and then PostgreSQL alone with the same rows in a copy of the database before."""
    session = await connect(database_url)
    await apply_all(session, applier, transfer_entries(warm), batch)
    await session.close()
    before_url = await limit.copy_database(database_url)
    sessions = await as_consumer(database_url)
    since = await sessions[0].fetchval("SELECT max(decided_at) FROM operations")
    ours = await apply_lanes(sessions, applier, transfer_entries(measured), batch)
    before = [await connect(before_url, is_planned_once=True) for _ in range(2)]
    batches = await limit.rows_since(sessions[0], since, before[0])
    alone = await limit.measure(before, batches, batch)
    for session in (*sessions, *before):
        await session.close()
    return ours, alone


def _limit_figure(name: str, alone: Sample, base: Sample, share: float) -> Figure:
    return Figure(
        name=f"{name}: the limit",
        per_second=alone.per_second,
        ratio=alone.per_second / base.per_second,
        p50_ms=alone.p50_ms,
        p99_ms=alone.p99_ms,
        note=f"PostgreSQL alone, the same rows, two sessions; ours is {share:.2f} of it",
    )


def _figures(name: str, ours: Sample, base: Sample, batch: int) -> list[Figure]:
    return [
        Figure(
            name=f"{name}: this ledger",
            per_second=ours.per_second,
            ratio=ours.per_second / base.per_second,
            p50_ms=ours.p50_ms,
            p99_ms=ours.p99_ms,
            note=f"one consumer, events on, batches of {batch}; times of a batch",
        ),
        Figure(
            name=f"{name}: row at a time",
            per_second=base.per_second,
            ratio=1,
            p50_ms=base.p50_ms,
            p99_ms=base.p99_ms,
            note=f"SQLAlchemy, {baseline.CONNECTIONS} connections; times of a transfer",
        ),
    ]
