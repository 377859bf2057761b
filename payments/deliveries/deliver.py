"""Delivering: claims what is due, a few an endpoint at a time, sends it, writes down what came.

All that waits stands in PostgreSQL: an executor that is killed loses nothing, and its lease ends.
An endpoint that fails has two places, one that works has more, and for one that answers quickly
the next deliveries are claimed ahead.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deliveries import metrics
from payments.deliveries.claimed import Claimed
from payments.deliveries.recorder import Recorder
from payments.deliveries.send import Sender, Sent
from payments.deliveries.tracing import traced
from payments.deliveries.writes import Attempt, Due, claim, due, release, spread
from payments.endpoints.sealing import Seal, Unsealable, headers
from payments.endpoints.tables import webhook_endpoints
from payments.endpoints.writes import disable
from payments.events.event import Packings
from payments.kernel.clock import Clock, monotonic_s, rfc3339
from payments.kernel.ids import new_id
from payments.kernel.randomness import seeded

RETRY_AFTER_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
_JITTER: Final = 0.1
FAILING_MAX: Final = timedelta(days=5)
PLACES: Final = 8
"""Deliveries to one endpoint at a time."""
PLACES_FAILING: Final = 2
PLACES_MAX: Final = 256
"""Deliveries at a time in this process; beyond that an endpoint has one at a time."""
_LOOK_EVERY_S: Final = 0.1
_AWAY_S: Final = 1.0
_SWEEP_EVERY_S: Final = 60.0
_log = structlog.get_logger(__name__)


class Deliverer:
    """Runs until `stop` is set; what is under way then is finished."""

    def __init__(
        self,
        engine: AsyncEngine,
        packings: Packings,
        sender: Sender,
        seal: Seal,
        clock: Clock,
        *,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        """`engine` is the primary's. `retry_after_s`: how long after each failure to repeat."""
        self._engine, self._packings = engine, packings
        self._sender, self._seal, self._clock = sender, seal, clock
        self._retry_after_s = retry_after_s
        self._lease_s = 2 * sender.timeout_s
        self._recorder = Recorder(engine)
        self._claimed: dict[UUID, Claimed] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._spread_at = 0.0
        self._sweep_at = 0.0
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Look, claim, send."""
        while not self.stop.is_set():
            wait_s = _LOOK_EVERY_S
            try:
                looked_at = await self._spread()
                count = await self._claim()
                if looked_at or count:
                    wait_s = 0.0
                if monotonic_s() >= self._sweep_at:
                    self._sweep_at = monotonic_s() + _SWEEP_EVERY_S
                    await self._sweep()
            except Exception as error:  # noqa: BLE001 - a loop that ended would deliver nothing until somebody looked
                _log.warning("webhooks_cannot_look", error=repr(error)[:300])
                await asyncio.sleep(_AWAY_S)
            await self._pause(wait_s)
        try:
            await self._give_back(list(self._claimed.values()))
        except Exception as error:  # noqa: BLE001 - their leases end
            _log.warning("webhooks_not_given_back", error=repr(error)[:300])
        if self._sending:
            await asyncio.wait(self._sending)

    async def _pause(self, wait_s: float) -> None:
        """Wait until it is time to look again, or until a place is free."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._freed.wait()
        self._freed.clear()

    async def _spread(self) -> int:
        """Make deliveries of events, not more often than is needed where places are free soon."""
        if monotonic_s() < self._spread_at:
            return 0
        looked_at = await spread(self._engine, self._packings, self._clock())
        self._spread_at = 0.0 if looked_at else monotonic_s() + _LOOK_EVERY_S
        return looked_at

    async def _claim(self) -> int:
        waiting = await due(self._engine)
        taken = {id_: claimed.taken for id_, claimed in self._claimed.items() if claimed.taken}
        places = places_of(waiting, taken)
        if not places:
            return 0
        for id_, more in places.items():
            self._of(id_).places = taken.get(id_, 0) + more
        wanted = {id_: self._claimed[id_].to_claim(more) for id_, more in places.items()}
        rows = await claim(self._engine, wanted, self._lease_s)
        for row in rows:
            self._claimed[row.endpoint_id].waiting.append(row)
        for id_ in places:
            self._send_next(self._claimed[id_])
        return len(rows)

    def _of(self, endpoint_id: UUID) -> Claimed:
        if endpoint_id not in self._claimed:
            self._claimed[endpoint_id] = Claimed(self._lease_s)
        return self._claimed[endpoint_id]

    def _send_next(self, claimed: Claimed) -> None:
        while (row := claimed.next()) is not None:
            task = asyncio.create_task(self._deliver(claimed, row), name="webhook")
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _deliver(self, claimed: Claimed, row: sa.Row[Any]) -> None:
        try:
            sent = await self._send(row)
            claimed.sent(sent)
            await self._record(row, sent)
            if not claimed.is_quick:
                await self._give_back([claimed])
        except Exception as error:  # noqa: BLE001 - its lease ends, and it is sent again
            _log.warning("webhook_not_recorded", delivery=str(row.id), error=repr(error)[:300])
        finally:
            claimed.done()
        self._send_next(claimed)
        if claimed.taken <= claimed.places // 2:  # a look for each place costs more than sending
            self._freed.set()

    async def _give_back(self, all_of: Sequence[Claimed]) -> None:
        """What was claimed ahead is not sent soon: somebody else may, or we after a look."""
        ids = [row.id for one in all_of for row in one.waiting]
        for one in all_of:
            one.waiting.clear()
        if ids:
            await release(self._engine, ids)

    async def _send(self, row: sa.Row[Any]) -> Sent:
        now = self._clock()
        try:
            secrets = [self._seal.open(row.secret)]
            if row.previous_secret is not None and row.previous_until > now:
                secrets.append(self._seal.open(row.previous_secret))
        except Unsealable:
            error = "the secret was sealed with another PAYMENTS_WEBHOOK_ENCRYPTION_KEY"
            return Sent(status_code=None, error=error, answer="", duration_ms=0)
        signed = headers(secrets, row.event_id, row.body, now)
        return await traced(
            row, lambda more: self._sender.send(row.url, {**signed, **more}, row.body)
        )

    async def _record(self, row: sa.Row[Any], sent: Sent) -> None:
        now = self._clock()
        failures = row.attempt_count - row.schedule_from
        attempt = Attempt(
            delivery_id=row.id,
            endpoint_id=row.endpoint_id,
            is_success=sent.is_success,
            said={"at": rfc3339(now), **msgspec.structs.asdict(sent)},
            at=now,
            again_after_s=None if sent.is_success else self._wait_s(failures),
        )
        await self._recorder.add(attempt)
        metrics.ATTEMPTS.labels("succeeded" if sent.is_success else "failed").inc()
        if sent.is_gone:
            await self._disable(row.endpoint_id, "gone")

    def _wait_s(self, failures_before: int) -> float | None:
        """How long after one more failure it is tried again; None when that was the last one."""
        if failures_before >= len(self._retry_after_s):
            return None
        factor = 1 + _JITTER * seeded("webhook retry", new_id()).random()
        return self._retry_after_s[failures_before] * factor

    async def _sweep(self) -> None:
        """Disable what has failed for five days; say how things stand."""
        now, c = self._clock(), webhook_endpoints.c
        query = sa.select(c.id).where(c.is_enabled, c.failing_since <= now - FAILING_MAX)
        async with self._engine.connect() as connection:
            failing = (await connection.execute(query)).scalars().all()
        for id_ in failing:
            await self._disable(id_, "failing")
        self._claimed = {
            id_: claimed for id_, claimed in self._claimed.items() if not claimed.is_idle
        }
        await metrics.look(self._engine, now)

    async def _disable(self, id_: UUID, reason: str) -> None:
        await disable(self._engine, id_, reason, self._clock())
        _log.error("webhook_endpoint_disabled", endpoint=str(id_), reason=reason)


def places_of(waiting: Sequence[Due], busy: Mapping[UUID, int]) -> dict[UUID, int]:
    """How many more deliveries each endpoint may have under way.

    All of them have PLACES_MAX together, those that fail half of that; whoever has none under way
    gets one in any case, so that however many hang, another one is sent to.
    """
    failing = {one.endpoint_id for one in waiting if one.is_failing}
    free = PLACES_MAX - sum(busy.values())
    free_failing = min(free, PLACES_MAX // 2 - sum(busy.get(id_, 0) for id_ in failing))
    share = max(1, free // max(1, len(waiting) - len(failing)))
    share_failing = max(1, free_failing // max(1, len(failing)))
    places: dict[UUID, int] = {}
    for one in sorted(waiting, key=lambda one: one.is_failing):
        taken = busy.get(one.endpoint_id, 0)
        most = PLACES_FAILING if one.is_failing else PLACES
        fair = share_failing if one.is_failing else share
        left = free_failing if one.is_failing else free
        more = min(most - taken, fair, left) if taken else max(1, min(most, fair, left))
        if more > 0:
            places[one.endpoint_id] = more
            free -= more
            free_failing -= more if one.is_failing else 0
    return places
