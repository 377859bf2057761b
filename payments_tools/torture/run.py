"""One run: start, load with faults, repair, wait until all is decided, compare."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

import asyncpg
import httpx

from payments.apikeys.writes import create_key
from payments.embedded.servers import Servers
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import create_engine
from payments.kernel.randomness import seeded
from payments_tools.torture.drivers.bankwebhook import BankWebhook
from payments_tools.torture.drivers.driver import Driver, Tools
from payments_tools.torture.drivers.marketplace import Marketplace
from payments_tools.torture.drivers.native import Native
from payments_tools.torture.drivers.nativeshapes import Shapes
from payments_tools.torture.drivers.shop import Shop
from payments_tools.torture.drivers.superpay import SuperPay
from payments_tools.torture.drivers.walletservice import WalletService
from payments_tools.torture.events import Events, hear, subscribed
from payments_tools.torture.faults import FAULTS, plan
from payments_tools.torture.journal import Journal
from payments_tools.torture.ledger_view import View, look
from payments_tools.torture.load import CLIENTS, Load
from payments_tools.torture.provider import Provider, compare, movements, unfinished
from payments_tools.torture.reckoning import Reckoning, reckon
from payments_tools.torture.sender import Sender
from payments_tools.torture.stage import Stage
from scheduler.checks.audit import Finding, audit
from streams.errors import FAILURES

Say = Callable[[str], None]
T = TypeVar("T")
DRIVERS: Final = (Native, Shapes, WalletService, BankWebhook, Shop, Marketplace, SuperPay)
_AT_ONCE: Final = 2
"""Rows of faults: so many things may be broken at a time."""
_MET_ANOTHER_FAULT: Final = (*FAILURES, asyncpg.PostgresError, asyncpg.InterfaceError)
"""A fault of the other row took away the server that this fault needs."""
_BETWEEN_FAULTS: Final = 60
"""Operations accepted or refused between two faults of a row."""
_WORK_LIMIT_S: Final = 15.0
_TELL_EVERY_S: Final = 5.0
_DECIDE_LIMIT_S: Final = 60.0
_SETTLE_LIMIT_S: Final = 90.0


@dataclass
class Result:
    """All that a report says."""

    seed: int
    load_s: float = 0.0
    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    """Operations that clients wanted, by surface."""
    faults: Counter[str] = field(default_factory=Counter)
    died: list[str] = field(default_factory=list)
    reckoning: Reckoning = field(default_factory=Reckoning)
    provider: Provider = field(default_factory=Provider)
    events: Events = field(default_factory=Events)
    unfinished: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    """What went wrong in the run itself: a client that ended, a part that could not be checked."""

    @property
    def is_clean(self) -> bool:
        """True when every promise held."""
        broken = any(finding.is_broken for finding in self.findings)
        return (
            self.reckoning.is_clean
            and self.events.is_clean
            and not (broken or self.provider.wrong or self.unfinished or self.trouble)
        )


async def run(servers: Servers, seed: int, load_s: float, say: Say) -> Result:
    """A whole run over servers of its own."""
    result = Result(seed)
    stage = Stage(servers)
    async with stage.running():
        say("every role is up")
        async with _tools(stage, seed) as tools, subscribed(tools) as subscription:
            drivers = await _prepared(tools, say)
            load = Load(drivers, tools.sender, tools.journal, seed)
            await _load(stage, load, result, tools.journal, load_s, say)
            say("healed; what was left open is sent again")
            await _attempt(result, "all roles are ready again", stage.ready())
            await _attempt(result, "what was open has a clear answer", load.finish())
            view = await _reckon(stage, tools, result, say)
            if view is not None:
                heard = hear(tools, subscription, view)
                said = await _attempt(result, "every event arrived", heard)
                result.events = said or result.events
    return result


@asynccontextmanager
async def _tools(stage: Stage, seed: int) -> AsyncIterator[Tools]:
    engine = create_engine(stage.servers.database_url, pool_size=1, application="torture")
    token = await create_key(engine, utc_now, env="development", name="torture", scopes=("*",))
    journal = Journal(stage.data / "journal.jsonl")
    limits = httpx.Limits(max_connections=CLIENTS * 8, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(
        base_url=stage.base, trust_env=False, limits=limits, timeout=30
    ) as http:
        yield Tools(
            stage=stage,
            http=http,
            sender=Sender(http, journal),
            journal=journal,
            engine=engine,
            api_key=token.text(),
            client="torture",
            seed=seed,
        )
    journal.close()
    await engine.dispose()


async def _prepared(tools: Tools, say: Say) -> list[Driver]:
    drivers: list[Driver] = [make(tools) for make in DRIVERS]
    for driver in drivers:
        await driver.prepare()
        say(f"{driver.name}: ready")
    return drivers


async def _load(
    stage: Stage, load: Load, result: Result, journal: Journal, load_s: float, say: Say
) -> None:
    """The load, and everything under it breaking, for `load_s` seconds."""
    before, began_s = journal.requests, monotonic_s()
    breaking = asyncio.gather(*(_break(stage, result, journal, n, say) for n in range(_AT_ONCE)))
    telling = asyncio.create_task(_tell(journal, say))
    load.start()
    await asyncio.sleep(load_s)
    telling.cancel()
    breaking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await breaking
    await _heal(stage)
    result.trouble += await load.stop()
    result.load_s, result.requests = monotonic_s() - began_s, journal.requests - before
    result.answers, result.died = journal.answers, stage.died


async def _break(stage: Stage, result: Result, journal: Journal, number: int, say: Say) -> None:
    """One row of faults, each ended before the next; several rows run side by side."""
    rng = seeded(result.seed, "faults", number)
    before = journal.settled
    for pause_s, kind in plan(rng):
        await asyncio.sleep(pause_s)
        await _worked(journal, before + _BETWEEN_FAULTS)
        before = journal.settled
        say(f"fault: {kind}")
        result.faults[kind] += 1
        try:
            await FAULTS[kind](stage, rng)
        except _MET_ANOTHER_FAULT as error:
            say(f"  {kind}: {error!r}")
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the repair failed as the load ended
                raise asyncio.CancelledError from error


async def _worked(journal: Journal, wanted: int) -> None:
    """Wait until clients got on: breaking what is still starting proves little."""
    until = monotonic_s() + _WORK_LIMIT_S
    while journal.settled < wanted and monotonic_s() < until:  # noqa: ASYNC110 - with a deadline
        await asyncio.sleep(0.1)


async def _heal(stage: Stage) -> None:
    """Whatever a fault that was interrupted left behind."""
    stage.database.heal()
    stage.redis.heal()
    for child in stage.servers.children:
        is_up = child.running() and child.ready is not None
        if not is_up or not await asyncio.to_thread(child.ready or bool):
            await stage.revive(child)


async def _tell(journal: Journal, say: Say) -> None:
    before = journal.requests
    while True:
        await asyncio.sleep(_TELL_EVERY_S)
        rate = (journal.requests - before) / _TELL_EVERY_S
        before = journal.requests
        say(
            f"{rate:.0f} requests/s; {len(journal.calls)} operations, "
            f"{len(journal.open_calls())} open"
        )


async def _attempt(result: Result, promise: str, step: Awaitable[T]) -> T | None:
    """The step's result. One that fails is noted under its promise, and the rest goes on."""
    try:
        return await step
    except Exception as error:  # noqa: BLE001 - a reckoning survives whatever it finds
        result.trouble.append(f"could not check that {promise}: {error!r}")
        return None


async def _reckon(stage: Stage, tools: Tools, result: Result, say: Say) -> View | None:
    servers = stage.servers
    result.calls = Counter(call.surface for call in tools.journal.calls)
    view = await _attempt(
        result, "everything accepted is decided", _settled(stage, tools.journal, say)
    )
    moved = await _attempt(result, "the provider agrees", movements(stage.simulator))
    if view is not None:
        result.unfinished = unfinished(view)
        result.reckoning = reckon(tools.journal, view)
    if view is not None and moved is not None:
        result.provider = compare(view, moved)
    audited = audit(servers.database_url, servers.redis_url)
    result.findings = await _attempt(result, "the invariants hold", audited) or []
    return view


async def _settled(stage: Stage, journal: Journal, say: Say) -> View:
    """The ledger as soon as everything accepted is decided and every payout has ended."""
    began_s = monotonic_s()
    while True:
        view = await look(stage.servers.database_url)
        undecided = _undecided(journal, view)
        open_ = unfinished(view)
        waited_s = monotonic_s() - began_s
        if not undecided and (not open_ or waited_s > _SETTLE_LIMIT_S):
            say(f"settled after {waited_s:.1f} s")
            return view
        if undecided and waited_s > _DECIDE_LIMIT_S:
            say(f"{len(undecided)} accepted operations are not decided after {waited_s:.0f} s")
            return view
        await asyncio.sleep(0.5)


def _undecided(journal: Journal, view: View) -> Sequence[object]:
    return [
        call
        for call in journal.calls
        if call.is_in
        and call.operation_id not in view.operations
        and call.operation_id not in view.parked
    ]
