"""Steps of a payout's story in the real system, and how every story ends: the world behaves."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import payments.payouts.cancel
import payments.payouts.request
import payments.payouts.resolve
import payments.reconciliation.fetch
from payments.operations.submit import fresh
from payments.payouts.cancel import CancelPayout
from payments.payouts.request import RequestPayout
from payments.payouts.resolve import ResolvePayout
from payments.provider.writes import set_switch
from payments.reconciliation.fetch import FetchRegistry
from payments.surfaces.superpay.breaker import Breaker
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from scheduler.jobs import drive_callbacks, poll_payouts, watch_payouts
from tests.fixtures.scripted_answers import ASKS, LISTS, POSTS, Order
from tests.properties.payout_executor import PAUSES, UNREACHABLE, Turn
from tests.properties.payout_system import System

STARTS, MINOR, PAYOUTS_MAX = 100_000, 1_000, 3
PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    payments.payouts.request.SUBMIT_EFFECT: (*POSTS, UNREACHABLE),
    payments.payouts.request.QUERY_EFFECT: ASKS,
    payments.reconciliation.fetch.FETCH_EFFECT: LISTS,
}
"""What may become of a request of the executor, by its effect."""
OPERATORS: Final = ("ann", "bob")
PATIENCE: Final = 20
"""Rounds of healing after which operators look at what only an alarm names by then."""
_DAY_S: Final = 86_400


class Story(System):
    """One wallet, its payouts, and what their provider truly did with them."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        super().__init__(database_url, redis_url)
        self.wallet = 0
        self.liars: set[int] = set()
        self.is_honest = True
        self.is_paused = False
        self.stuck = 0

    async def begin(self) -> None:
        """A new story: another day, a wallet of its own, nothing left of the one before."""
        assert self.executor.turns == []
        self.provider.forget()
        self.clock.next_noon()
        self.skew_s, self.liars, self.is_honest, self.orders = 0.0, set(), True, {}
        self.executor.client.breaker = Breaker(self.clock)
        opened = open_wallet.OpenWallet(currency="RUB", owner="p")
        made = await self.platform.apply(open_wallet.OPERATION, opened)
        self.wallet = int(made["wallet_id"])
        money = adjust.AdjustWallet(
            wallet_id=self.wallet, minor=STARTS, currency="RUB", is_credit=True, reason="p"
        )
        await self.platform.apply(adjust.OPERATION, money)
        await self.request()
        await self.quiet()

    async def request(self) -> None:
        """A client asks for a payout."""
        if len(self.orders) == PAYOUTS_MAX:
            return
        name = f"story {self.wallet}, payout {len(self.orders)}"
        intent = RequestPayout(
            wallet_id=self.wallet,
            superpay_wallet_id="W-1",
            minor=MINOR,
            currency="RUB",
            description=name,
        )
        made = await self.platform.apply(payments.payouts.request.OPERATION, intent)
        number = made["merchant_id"]
        order = Order(number, Decimal("10.00"), "RUB", "W-1", name)
        self.orders[UUID(made["payout_id"])] = order

    async def effect(self, number: int, plans: Mapping[str, str], fate: str) -> None:
        """The executor takes one of the effects that wait; `plans` by what it asks for."""
        turns = self.executor.in_state("waiting")
        if turns:
            turn = turns[number % len(turns)]
            await self._run(turn, plans[turn.effect.kind], fate)

    async def send(self, plan: str, fate: str = "") -> None:
        """The same for told stories: the oldest effect, which must be there."""
        await self._run(self.executor.in_state("waiting")[0], plan, fate)

    async def _run(self, turn: Turn, plan: str, fate: str) -> None:
        self.is_honest &= plan not in {"altered", "reused", *LISTS[1:7]}
        sent = len(self.provider.posts)
        self.executor.release(turn, plan, fate)
        await self.quiet()
        assert not self.is_paused or len(self.provider.posts) == sent, "sent while paused"

    async def resume(self, number: int) -> None:
        """A paused executor wakes up."""
        turns = self.executor.in_state(PAUSES)
        if turns:
            self.executor.resume(turns[number % len(turns)])

    async def arrive(self, number: int) -> None:
        """A request that was on its way arrives."""
        self.provider.arrive(number)

    async def poll(self) -> None:
        """The scheduler looks for payouts that are due, and for those that are stuck."""
        await poll_payouts.run(self.tools)
        await self.quiet()
        self.stuck = await watch_payouts.run(self.tools)

    async def inbox(self) -> None:
        """The scheduler drives kept callbacks on."""
        await drive_callbacks.run(self.tools)

    async def reconcile(self, day: date | None = None) -> None:
        """An operator wants the registry of a day."""
        intent = FetchRegistry(day=day or self.provider.clock().date())
        await self.platform.apply(payments.reconciliation.fetch.OPERATION, intent)

    async def advance(self, number: int, status: str) -> None:
        """The provider works."""
        self.provider.advance(self._order(number).merchant_id, status)

    async def callback(self, number: int, how: str) -> None:
        """One of the provider's events arrives: now, again and again, too old, or forged."""
        events = self.provider.events
        if not events:
            return
        event = events[number % len(events)]
        if how == "once":
            events.remove(event)
        age_s, is_forged = 400 if how == "old" else 0, how == "forged"
        headers = self.provider.signed(event, is_forged=is_forged, age_s=age_s)
        answer = await self._api.post("/v1/superpay/callbacks", content=event.body, headers=headers)
        is_believed = not is_forged and abs(self.skew_s - age_s) <= 300
        assert answer.status_code == (200 if is_believed else 401), answer.text

    async def lose(self, number: int) -> None:
        """One of them never arrives."""
        if self.provider.events:
            self.provider.events.pop(number % len(self.provider.events))

    async def lie(self, number: int, status: str) -> None:
        """A signed event that is not true is on its way."""
        order = self._order(number)
        self.liars.add(order.merchant_id)
        self.is_honest = False
        self.provider.lie(order, status)

    async def cancel(self, number: int) -> None:
        """Its owner does not want it any more."""
        await self._submit(
            payments.payouts.cancel.OPERATION, CancelPayout(payout_id=self._id(number)), "owner"
        )

    async def resolve(self, number: int) -> None:
        """Two operators, who asked the provider and waited until it could not change any more."""
        payout_id = self._id(number)
        known = self.provider.truths.get(self._order(number).merchant_id)
        ends = {"paid": "paid", "returned": "paid", "failed": "failed", "canceled": "canceled"}
        if known is None and not self.provider.may_still_pay(self._order(number).merchant_id):
            resolution = "failed"
        elif known is not None and known.status in ends:
            resolution = ends[known.status]
        else:
            return
        for actor in OPERATORS:
            intent = ResolvePayout(payout_id=payout_id, resolution=resolution, reason="r")
            await self._submit(payments.payouts.resolve.OPERATION, intent, actor)

    async def switch(self, is_paused: bool) -> None:  # noqa: FBT001 - a step's argument
        """An operator pauses payouts, or lets them go."""
        self.is_paused = is_paused
        await set_switch(
            self.platform.engine, self.clock, is_paused=is_paused, reason="r", changed_by="ann"
        )

    async def jump(self, seconds: float) -> None:
        """Time passes."""
        self.clock.jump(seconds)
        self.provider.drop_expired()

    async def skew(self, seconds: float) -> None:
        """The provider's clock and ours part."""
        self.skew_s = seconds
        self.provider.drop_expired()

    async def _submit(self, operation: Any, intent: Any, actor: str) -> None:
        ticket = await self.platform.submitter(fresh(operation, intent, actor=actor), 10)
        assert ticket.decision is not None

    def _id(self, number: int) -> UUID:
        return list(self.orders)[number % len(self.orders)]

    def _order(self, number: int) -> Order:
        return self.orders[self._id(number)]

    # The end of a story

    async def heal(self) -> None:
        """The world behaves again, until nothing is open and nothing is on its way."""
        await self.switch(is_paused=False)
        await self.skew(0)
        for round_ in range(30):
            await self._tidy()
            if not await self._open():
                break
            for number, payout_id in enumerate(self.orders):
                await self.advance(number, "paid")
                if round_ > PATIENCE or await self._state(payout_id) == "needs_operator":
                    await self.resolve(number)
            await self.jump(50_000)
            await self.poll()
        while self.provider.events:
            await self.callback(0, "once")
            await self.quiet()
        await self.jump(2 * _DAY_S)  # nothing is missing before the days it may be of are closed
        for day in await self._days():
            await self.reconcile(day)
            await self.quiet()
            await self._tidy()
        await self.jump(7200)
        await self.inbox()
        await self.quiet()

    async def _tidy(self) -> None:
        """All that waits gets its turn, undisturbed."""
        await self.quiet()
        while self.executor.turns:
            while self.provider.parked:
                await self.arrive(0)
                await self.quiet()
            await self.resume(0)
            await self.quiet()
            if self.executor.in_state("waiting"):
                await self.send("ok")

    async def _days(self) -> list[date]:
        """Each day from our first request to the last thing that happened, or that we learned."""
        rows = await self.connection.fetch(
            "SELECT p.created_at, e.recorded_at FROM payout_evidence AS e"
            " JOIN payouts AS p ON p.id = e.payout_id WHERE p.wallet_id = $1",
            self.wallet,
        )
        moments = [moment for row in rows for moment in row.values()]
        days = [
            m.astimezone(UTC).date() for m in (*moments, *(t.at for t in self.provider.history))
        ]
        if not days:
            return []
        count = (max(days) - min(days)).days + 1
        return [min(days) + timedelta(days=n) for n in range(count)]

    async def _state(self, payout_id: UUID) -> str:
        query = "SELECT state FROM payouts WHERE id = $1"
        state: str = await self.connection.fetchval(query, payout_id)
        return state

    async def _open(self) -> int:
        count: int = await self.connection.fetchval(
            "SELECT count(*) FROM payouts WHERE wallet_id = $1 AND ended_at IS NULL", self.wallet
        )
        return count
