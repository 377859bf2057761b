"""Payouts without a database: real operations, a ledger in memory, an unreliable provider."""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

import payments.payouts.cancel
import payments.payouts.check
import payments.payouts.observe
import payments.payouts.request
import payments.payouts.resolve
import payments.payouts.submit
from payments.holds.tables import Hold
from payments.ledger import chart
from payments.ledger.balances import Balances
from payments.ledger.chart import Kind
from payments.ledger.posting import move
from payments.operations.batch import Batch
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Effect, Outcome
from payments.operations.record import Records
from payments.payouts.cancel import CancelPayout
from payments.payouts.check import CheckPayout
from payments.payouts.observe import ObservePayout
from payments.payouts.request import RequestPayout
from payments.payouts.resolve import ResolvePayout
from payments.payouts.status import Claim
from payments.payouts.submit import SubmitPayout
from payments.payouts.tables import Payout
from payments.provider.sighting import Sighting, Source
from tests.fixtures.deciding import fields_of

WALLET, STARTS, MINOR = 1, 100_000, 1_000
_NAMESPACE = UUID("00000000-0000-0000-0000-000000000001")


class Provider:
    """SuperPay by its specification: one execution per merchant id, growing versions, unordered
    events.
    """

    def __init__(self) -> None:
        self.status: dict[int, str] = {}
        self.version: dict[int, int] = {}
        self.paid: dict[int, int] = {}
        self.events: deque[Sighting] = deque()

    def receive(self, merchant_id: int) -> None:
        """A request arrives; a repeat executes nothing."""
        if merchant_id not in self.status:
            self.status[merchant_id], self.version[merchant_id] = "created", 1

    def refuse(self, merchant_id: int) -> bool:
        """A recorded refusal, unless it was accepted before."""
        if self.status.setdefault(merchant_id, "failed") != "failed":
            return False
        self.version.setdefault(merchant_id, 1)
        return True

    def advance(self, merchant_id: int, to: str) -> None:
        """The provider works: only along its own table."""
        legal = {"created": {"processing", "paid", "failed", "canceled"}, "paid": {"returned"}}
        legal["processing"] = legal["created"] - {"processing"}
        if to not in legal.get(self.status.get(merchant_id, ""), set()):
            return
        if to == "paid":
            self.paid[merchant_id] = self.paid.get(merchant_id, 0) + 1
        self.status[merchant_id] = to
        self.version[merchant_id] += 1
        self.events.append(self.view(merchant_id))

    def view(self, merchant_id: int) -> Sighting:
        """The transaction as it is now."""
        return Sighting(
            kind="payout",
            merchant_id=merchant_id,
            transaction_id=f"sp_{merchant_id}",
            status=self.status[merchant_id],
            version=self.version[merchant_id],
            minor=MINOR,
            currency="RUB",
            wallet_id="W-1",
        )


class World:
    """Operations decided one after another, exactly as the consumer's batch does it."""

    def __init__(self) -> None:
        self.balances = Balances(())
        self.records = Records()
        self.state = State(self.balances, self.records, {})
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.provider = Provider()
        self.effects: deque[tuple[str, Effect]] = deque()
        self.ids: list[UUID] = []
        self._count = 0
        self._decided: dict[str, Outcome] = {}
        opening = chart.house(Kind.OPENING, "RUB")
        wallet = chart.owned(Kind.WALLET, WALLET, "RUB")
        for spec in (opening, wallet, chart.house(Kind.SUPERPAY_CLEARING, "RUB")):
            self.balances.open(spec)
        self.balances.post(move(opening.id, wallet.id, STARTS), uuid5(_NAMESPACE, "0"), self.now)

    def apply(
        self, operation: Operation[Any], intent: Intent, key: str = "", actor: str = "a"
    ) -> Outcome:
        """Decide and settle; the same key gives the first outcome again."""
        if key and key in self._decided:
            return self._decided[key]
        self._count += 1
        id_ = uuid5(_NAMESPACE, str(self._count))
        intent = msgspec.json.decode(msgspec.json.encode(intent), type=type(intent))
        outcome = operation.decide(intent, self.state, Context(id_, actor, self.now, self.now))
        batch = Batch(self.state, {}, self.now, {})
        if isinstance(outcome, Applied):
            batch._settle(outcome, _Envelope(id_))  # type: ignore[arg-type]
            self.effects.extend((f"{id_}:{n}", e) for n, e in enumerate(outcome.effects))
        else:
            for record in outcome.puts:
                self.records.put(record)
        if key:
            self._decided[key] = outcome
        return outcome

    def knows(self, key: str) -> bool:
        """True when an operation of that key was decided."""
        return key in self._decided

    def request(self) -> None:
        """A client asks for a payout."""
        if len(self.ids) < 2:
            intent = RequestPayout(
                wallet_id=WALLET,
                superpay_wallet_id="W-1",
                minor=MINOR,
                currency="RUB",
                description="",
            )
            self.apply(payments.payouts.request.OPERATION, intent)
            self.ids.append(uuid5(_NAMESPACE, str(self._count)))

    def payout(self, number: int) -> Payout | None:
        """One of the payouts."""
        if not self.ids:
            return None
        return self.state.record(Payout, self.ids[number % len(self.ids)])

    def cancel(self, number: int) -> None:
        """Its owner cancels."""
        if payout := self.payout(number):
            self.apply(payments.payouts.cancel.OPERATION, CancelPayout(payout_id=payout.id))

    def check(self, number: int) -> None:
        """The scheduler finds it due."""
        if payout := self.payout(number):
            intent = CheckPayout(payout_id=payout.id, checks=payout.checks, resend_after_s=900)
            key = f"check:{payout.id}:{payout.version}:{payout.checks}"
            self.apply(payments.payouts.check.OPERATION, intent, key)

    def poll(self, number: int, fate: str) -> None:
        """Later it is due, and the executor does what is wanted."""
        self.jump(1000)
        self.check(number)
        self.run_effect(fate)

    def submit(self, effect_id: str, effect: Effect, fate: str) -> None:
        """The executor's handler; `fate`: what the request meets, or where the executor dies."""
        payout_id = UUID(effect.body["payout_id"])
        key = f"claim:{effect_id}"
        was_known = self.knows(key)
        intent = SubmitPayout(
            payout_id=payout_id, is_resend=bool(effect.body.get("is_resend", False))
        )
        claimed = self.apply(payments.payouts.submit.OPERATION, intent, key)
        if not isinstance(claimed, Applied):
            return
        if fate == "dies_after_claim":
            self.effects.append((effect_id, effect))  # delivered again
            return
        number = fields_of(claimed)["merchant_id"]
        report = ObservePayout(payout_id=payout_id, source=Source.RESPONSE, code="x")
        if not was_known:
            report = self._sent(report, number, fate)
            if fate == "dies_after_send":
                self.effects.append((effect_id, effect))
                return
        self.apply(payments.payouts.observe.OPERATION, report, f"{key}:response")
        if fate == "dies_after_report":
            self.effects.append((effect_id, effect))

    def _sent(self, report: ObservePayout, number: int, fate: str) -> ObservePayout:
        change: dict[str, Any] = {}
        if fate == "not_sent":
            change = {"claim": Claim.NOT_SENT}
        elif fate == "refused":
            if self.provider.refuse(number):
                change = {"claim": Claim.FAILED, "is_recorded": True, "code": "wallet_not_found"}
            else:
                change = {"sighting": self.provider.view(number)}
        elif fate != "lost_before":
            self.provider.receive(number)
            if fate in {"ok", "dies_after_report"}:
                change = {"sighting": self.provider.view(number)}
        return msgspec.structs.replace(report, **change)

    def query(self, effect: Effect, fate: str) -> None:
        """The executor asks."""
        number = effect.body["merchant_id"]
        report = ObservePayout(
            payout_id=UUID(effect.body["payout_id"]), source=Source.QUERY, code="x"
        )
        if fate == "ok" and number in self.provider.status:
            report = msgspec.structs.replace(report, sighting=self.provider.view(number))
        elif fate in {"ok", "not_found"}:
            report = msgspec.structs.replace(report, claim=Claim.NOT_FOUND)
        self.apply(payments.payouts.observe.OPERATION, report)

    def callback(self, index: int, *, keep: bool) -> None:
        """Any of the events so far arrives, perhaps not for the last time."""
        if not self.provider.events:
            return
        self.provider.events.rotate(index)
        event = self.provider.events.popleft()
        if keep:
            self.provider.events.append(event)
        found = next(
            p for id_ in self.ids if (p := self._get(id_)).merchant_id == event.merchant_id
        )
        intent = ObservePayout(payout_id=found.id, source=Source.CALLBACK, sighting=event)
        self.apply(payments.payouts.observe.OPERATION, intent)

    def _get(self, id_: UUID) -> Payout:
        found = self.state.record(Payout, id_)
        assert found is not None
        return found

    def hold(self, payout: Payout) -> Hold:
        """Its hold."""
        found = self.state.record(Hold, payout.id)
        assert found is not None
        return found

    def resolve(self, payout: Payout, resolution: str) -> None:
        """Two operators, who know the truth."""
        for actor in ("ann", "bob"):
            intent = ResolvePayout(payout_id=payout.id, resolution=resolution, reason="r")
            self.apply(payments.payouts.resolve.OPERATION, intent, actor=actor)

    def run_effect(self, fate: str) -> None:
        """The executor takes the oldest effect."""
        if not self.effects:
            return
        effect_id, effect = self.effects.popleft()
        if effect.kind == payments.payouts.request.SUBMIT_EFFECT:
            self.submit(effect_id, effect, fate)
        else:
            self.query(effect, fate)

    def jump(self, seconds: float) -> None:
        """Time passes; a clock may also be set back a little."""
        self.now += timedelta(seconds=seconds)


class _Envelope(msgspec.Struct):
    kind = "payout.observe"
    actor = "test"
    operation_id: UUID
