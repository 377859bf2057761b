"""`payments bench console`: how long each page takes on a database with a million transactions.

Transfers are applied as the consumer applies them. Payouts and breaks are written as rows, in
every state, because pages only read them.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, cast

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.embedded.servers import Servers
from payments.entrypoints import memory
from payments.entrypoints.api import create_app
from payments.entrypoints.settings import Secret, Settings
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.operators.action import COMMAND_LINE, Doer
from payments.operators.queries import get_operator
from payments.operators.status import Role
from payments.operators.writes import create_operator, use_link
from payments.registry import OPERATIONS
from payments.sessions.writes import begin_session
from payments.surfaces.console.menu import MENU
from payments_tools.bench.console_rows import fill_rows
from payments_tools.bench.ledger import Say, apply_all, open_wallets, transfer_entries, uniform
from payments_tools.bench.report import Figure, Report, machine, server_settings
from payments_tools.bench.sample import sample

LIMIT_MS: Final = 150.0
"""No page takes longer than this in the median."""
LOGIN: Final = "bench"
_ROUNDS: Final = 15
_BATCH: Final = 1000
_SHARE: Final = 10
"""One payout for so many transactions."""
_FILTERS: Final = (
    "/console/wallets?owner=bench&status=frozen",
    "/console/transactions?kind=transfer.create&min_amount=1",
    "/console/transactions?wallet_id={wallet}",
    "/console/transactions?reference=nothing",
    "/console/payouts?status=needs_operator",
    "/console/payouts?stuck=true",
    "/console/payouts?certainty=unknown",
    "/console/payouts?wallet_id={wallet}",
    "/console/search?q=nothing-has-this-name",
    "/console/search?q={wallet}",
    "/console/wallets/{wallet}",
)
"""What people filter by, the rare values too: those are where a page would read a whole table."""


async def run(servers: Servers, *, transactions: int, wallets: int, say: Say) -> Report:
    """Fill the tables, then open every page of the menu, with filters, and what it lists."""
    connection = await connect(servers.database_url)
    engine = create_engine(servers.database_url, pool_size=2)
    ids = await _fill(connection, transactions, wallets, say)
    token = await _log_in(engine)
    settings = Settings(
        database_url=Secret(servers.database_url), redis_url=Secret(servers.redis_url)
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
    memory.settle()
    async with (
        app.lifespan(),
        httpx.AsyncClient(
            transport=transport, base_url="http://bench", cookies={"console": token}, timeout=60
        ) as http,
    ):
        say("opening pages")
        figures = [await _figure(http, path) for path in await _paths(http, ids[len(ids) // 2])]
    report = Report(
        title=f"console: every page over {transactions:,} transactions",
        command=f"payments bench console --transactions {transactions} --wallets {wallets}",
        machine=machine(),
        settings=await server_settings(connection),
        figures=figures,
    )
    await engine.dispose()
    await connection.close()
    return report


async def _fill(connection: Connection, transactions: int, wallets: int, say: Say) -> Sequence[int]:
    rng, applier = seeded("bench console"), Applier(OPERATIONS, utc_now)
    say(f"{wallets:,} wallets, {transactions:,} transfers")
    ids = await open_wallets(connection, applier, wallets, _BATCH)
    memory.settle()
    for done in range(0, transactions, _BATCH * 20):
        size = min(_BATCH * 20, transactions - done)
        await apply_all(connection, applier, transfer_entries(uniform(ids, size, rng)), _BATCH)
    say("payouts and breaks")
    await fill_rows(connection, ids, max(transactions // _SHARE, 1))
    await connection.execute("ANALYZE")
    return ids


async def _log_in(engine: AsyncEngine) -> str:
    """The cookie of an administrator."""
    now = utc_now()
    link = await create_operator(engine, LOGIN, Role.ADMIN, by=COMMAND_LINE, now=now)
    await use_link(engine, link, "nobody logs in with it", address="bench", now=now)
    operator = await get_operator(engine, LOGIN)
    return await begin_session(
        engine, operator, is_complete=True, by=Doer(LOGIN, "bench"), browser="bench", now=now
    )


async def _paths(http: httpx.AsyncClient, wallet: int) -> list[str]:
    """Pages of the menu, the first thing that each list shows, and lists with filters."""
    menu = [entry.path for _, entries in MENU for entry in entries]
    first = []
    for path in menu:
        page = (await http.get(path)).text
        link = re.search(rf'<td[^>]*><a href="({re.escape(path)}/[^"?]+)"', page)
        first += [link[1]] if link else []
    return [*menu, *first, *(path.format(wallet=wallet) for path in _FILTERS)]


async def _figure(http: httpx.AsyncClient, path: str) -> Figure:
    durations_s = []
    for _ in range(_ROUNDS):
        began = monotonic_s()
        answer = await http.get(path)
        durations_s.append(monotonic_s() - began)
        if answer.status_code not in {200, 303}:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    measured = sample(_ROUNDS, sum(durations_s), durations_s)
    is_slow = measured.p50_ms > LIMIT_MS
    return Figure(
        name=re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", path),
        per_second=measured.per_second,
        ratio=None,
        p50_ms=measured.p50_ms,
        p99_ms=measured.p99_ms,
        note=f"SLOWER than {LIMIT_MS:.0f} ms" if is_slow else "",
    )
