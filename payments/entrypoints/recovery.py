"""`payments recover`: the state after a restore, and the next step of the recovery.

The steps in order: begin (effects wait) → accept (requests are accepted, callers retry) → load (the
provider's registries of every day of the gap) → settle (query what was paid) → finish.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.deciding import deciding
from payments.entrypoints.settings import Settings
from payments.entrypoints.superpay import superpay_client
from payments.kernel.clock import monotonic_s, rfc3339, utc_now
from payments.kernel.database import connect
from payments.kernel.errors import Conflict
from payments.kernel.ids import new_id
from payments.kernel.money import currency_of, format_minor
from payments.operations.effects import EffectContext
from payments.operations.submit import Submitter
from payments.operations.tables import operations
from payments.reconciliation.queries import FETCHED
from payments.reconciliation.writes import load
from payments.recovery import writes
from payments.recovery.gap import Unsettled, Why, missing_days, unsettled
from payments.recovery.kind import Kind
from payments.recovery.queries import Recovery, open_recovery
from payments.surfaces.superpay.client import SuperPayClient
from payments.surfaces.superpay.effects import DepositQuery, query_deposit, settle_payout
from payments.surfaces.superpay.fetching import fetched, follow_up
from streams.client import create_client
from streams.rollback import POSTGRES_ROLLED_BACK, code_of, halt_rolled_back, lift, positions

SETTLED_WITHIN_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.3


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """State of the recovery. `next`: the next step, "" when there is nothing to recover."""

    halted: dict[int, str]
    recovery: Recovery | None
    days: Sequence[date] = ()
    missing: Sequence[Unsettled] = ()
    next: str = ""


async def status(settings: Settings, engine: AsyncEngine) -> Status:
    """Compare both servers; partitions that were set back are halted."""
    async with _servers(settings) as (connection, client):
        applied, _ = await positions(connection)
        _, halted = await halt_rolled_back(connection, client, sorted(applied))
    recovery = await open_recovery(engine)
    if recovery is None:
        return Status(halted=halted, recovery=None, next="begin" if halted else "")
    days = await missing_days(engine, recovery)
    lines = await unsettled(engine, recovery)
    return Status(
        halted=halted,
        recovery=recovery,
        days=days,
        missing=lines,
        next=_next(halted, recovery, days, lines),
    )


def _next(
    halted: dict[int, str], recovery: Recovery, days: Sequence[date], lines: Sequence[Unsettled]
) -> str:
    if recovery.accepting_at is None or halted:
        return "accept"
    if days:
        return "load"
    if recovery.settled_at is None or any(line.why is Why.OPEN for line in lines):
        return "settle"
    return "finish"


async def begin(
    settings: Settings, engine: AsyncEngine, kind: Kind | None, since: datetime | None, by: str
) -> str:
    """Begin a recovery: effects wait from now on. Kind and gap are detected where possible."""
    status_ = await status(settings, engine)
    kind = kind or _kind(status_)
    since = since or await _last_decided(engine)
    await writes.begin(engine, kind, since, utc_now(), by)
    return f"recovery of {kind.value} begun; the gap begins at {rfc3339(since)}; effects wait"


def _kind(status_: Status) -> Kind:
    codes = {code_of(reason) for reason in status_.halted.values()}
    if len(codes) != 1:
        raise Conflict(
            "say which server was restored: --kind postgres-older, redis-older or both-restored",
            code="kind_unknown",
        )
    return Kind.POSTGRES_OLDER if codes == {POSTGRES_ROLLED_BACK} else Kind.REDIS_OLDER


async def _last_decided(engine: AsyncEngine) -> datetime:
    """The newest decision PostgreSQL knows: later ones may be lost."""
    query = sa.select(sa.func.max(operations.c.decided_at))
    async with engine.connect() as connection:
        newest: datetime | None = (await connection.execute(query)).scalar_one()
    return newest or datetime.fromtimestamp(0, UTC)


async def accept(settings: Settings, engine: AsyncEngine, recovery: Recovery) -> str:
    """Accept requests again: callers' retries are executed, their effects wait."""
    async with _servers(settings) as (connection, client):
        _, halted = await positions(connection)
        lifted = await lift(connection, client, sorted(halted))
    await writes.note(engine, recovery, accepting_at=utc_now())
    return f"accepting again on partitions {lifted or 'none was stopped'}; effects still wait"


async def load_registries(settings: Settings, engine: AsyncEngine, recovery: Recovery) -> str:
    """Load every day of the gap not loaded since the recovery began. Raises `Unavailable`."""
    client = superpay_client(settings)
    if client is None:
        raise Conflict(
            "no SuperPay is configured here: upload the registries of these days instead",
            code="no_provider",
        )
    days = await missing_days(engine, recovery)
    async with deciding(settings) as (_, submitter):
        for day in days:
            registry = await fetched(client, day)
            loaded = await load(engine, registry, source=FETCHED, by=_BY, now=utc_now())
            await follow_up(submitter, loaded)
    await client.close()
    return f"registries loaded: {', '.join(day.isoformat() for day in days) or 'all were there'}"


async def settle(settings: Settings, engine: AsyncEngine, recovery: Recovery) -> str:
    """Query what the provider has moved and our books show as open; nothing is sent again."""
    lines = [line for line in await unsettled(engine, recovery) if line.why is Why.OPEN]
    client = superpay_client(settings)
    if lines and client is not None:
        async with deciding(settings) as (_, submitter):
            tools = {Submitter: submitter, SuperPayClient: client, AsyncEngine: engine}
            for line in lines:
                await _settle(line, tools)
            await _until_settled(engine, recovery)
    if client is not None:
        await client.close()
    open_lines = [line for line in await unsettled(engine, recovery) if line.why is Why.OPEN]
    await writes.note(engine, recovery, settled_at=utc_now())
    return f"{len(lines) - len(open_lines)} settled, {len(open_lines)} left"


async def _settle(line: Unsettled, tools: dict[type[Any], Any]) -> None:
    if line.ours is None:
        return
    id_ = new_id()
    context = EffectContext(f"recover:{id_}", id_, tools)
    if line.ours.kind == "payout":
        await settle_payout(line.ours.id, line.merchant_id, context)
    else:
        query = DepositQuery(deposit_id=line.ours.id, merchant_id=line.merchant_id)
        await query_deposit(query, context)


async def _until_settled(engine: AsyncEngine, recovery: Recovery) -> None:
    until = monotonic_s() + SETTLED_WITHIN_S
    while monotonic_s() < until:
        if all(line.why is not Why.OPEN for line in await unsettled(engine, recovery)):
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def finish(settings: Settings, engine: AsyncEngine, recovery: Recovery, by: str) -> str:
    """Resume effects. Refused while money the provider moved is not in our books."""
    status_ = await status(settings, engine)
    if status_.halted or status_.days or status_.missing:
        raise Conflict("not yet: " + "; ".join(trouble(status_)), code="not_settled")
    await writes.note(engine, recovery, closed_at=utc_now(), closed_by=by)
    return "the recovery is closed: effects go on"


def trouble(status_: Status) -> list[str]:
    """What prevents finishing the recovery, as sentences."""
    reasons = [f"partition {number} is stopped ({text})" for number, text in status_.halted.items()]
    reasons += [f"the registry of {day} is not loaded" for day in status_.days]
    for line in status_.missing:
        amount = f"{format_minor(line.minor, currency_of(line.currency))} {line.currency}"
        what = f"{line.kind} {line.merchant_id}, {line.status}, {amount}"
        advice = (
            "its caller repeats it under its key, or two people resolve its break "
            "(GET /v1/reconciliation/breaks?kind=missing_in_ledger)"
            if line.why is Why.UNKNOWN
            else "do the step `settle` again, or resolve it (docs/runbooks/payout-unknown.md)"
        )
        reasons.append(f"{what}: {line.why.value}; {advice}")
    return reasons


_BY: Final = "payments recover"


@asynccontextmanager
async def _servers(settings: Settings) -> AsyncIterator[tuple[Any, Any]]:
    connection = await connect(settings.database_url.reveal(), application_name="payments-recover")
    client = create_client(settings.redis_url.reveal(), connections=2)
    try:
        yield connection, client
    finally:
        await client.aclose()
        connection.terminate()
