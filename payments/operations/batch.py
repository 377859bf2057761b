"""A batch in memory: outcomes decided in stream order, each based on the ones before it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from payments.events.event import Event
from payments.kernel.ids import AccountId
from payments.ledger.balances import BalanceLimit
from payments.ledger.chart import AccountSpec
from payments.operations.atomic import BULK_REJECTED, bulk_applied, bulk_rejected, part_envelopes
from payments.operations.envelope import Envelope, Intent, is_said_by
from payments.operations.items import Answer, Item, answer_to
from payments.operations.lapse import Ended
from payments.operations.operation import Context, Operation, Part, State
from payments.operations.outcome import Applied, Decision, Outcome, Refused, Result, Status
from payments.operations.record import Record
from payments.operations.refusals import BALANCE_LIMIT
from payments.operations.transaction import (
    PAIR,
    amounts_of,
    backdated_of,
    transaction_of,
)

CLOCKS_DIFFER: Final = timedelta(seconds=1)
"""The clock of the accepting host may be this far ahead of the deciding host's."""

_DECIDED_AT_ONCE: Final = 100
"""Operations and entries."""
_APPLIED: Final = Status.APPLIED.value
_encode: Final = msgspec.json.Encoder().encode


class TellsEvents(Protocol):
    """Makes events of decisions; `payments.operations.telling.Teller`."""

    watched: frozenset[type[Record]]

    def tell(self, item: Item, decision: Decision, state: State, into: list[Event]) -> None:
        """Add the events of one decision."""
        ...


class Batch:
    """Decides in memory: the state changes with every outcome, answers are in stream order."""

    def __init__(
        self,
        state: State,
        known: dict[int, Decision],
        now: datetime,
        parked: Mapping[int, Sequence[Envelope]],
        teller: TellsEvents | None = None,
    ) -> None:
        """`known`: stored outcomes. It grows with the batch, so a copy inside it is a replay too.

        `parked`: what waits among the dead letters for an operator, by its id.
        """
        self.state = state
        self.known = known
        self._parked = parked
        self.now = now
        self._latest = now + CLOCKS_DIFFER
        self.decided: list[Decision] = []
        self.conflicts: list[Envelope] = []
        self.answers: list[Answer] = []
        self.events: list[Event] = []
        self._teller = teller
        if teller is not None:
            state.records.watched = teller.watched

    async def take_all(self, items: Sequence[Item]) -> None:
        """Decide them in their order; other batches may send their next statement in between."""
        pause_at = _DECIDED_AT_ONCE
        for count, item in enumerate(items):
            self.take(item)
            if len(self.decided) + count >= pause_at:  # a bulk decides many, a repeat nothing
                pause_at = len(self.decided) + count + _DECIDED_AT_ONCE
                await asyncio.sleep(0)

    def take(self, item: Item) -> None:
        """Decide one item, or answer with its earlier outcome."""
        envelope = item.envelope
        if item.whole is not None and not self._is_decided_by(item.whole):
            # Another bulk has the key, or this one is a repeat: its items are not decided again.
            self.answers.append(answer_to(item, None, is_replay=True))
            return
        earlier = self.known.get(envelope.operation_id.int)
        if earlier is None and self._is_of_another_parked(envelope):
            self.conflicts.append(envelope)
            self.answers.append(answer_to(item, None, is_conflict=True))
        elif earlier is None:
            decision = self._decide_all(item) if item.operation.parts else self._decide(item)
            self.known[envelope.operation_id.int] = decision
            self.decided.append(decision)
            if self._teller is not None:
                self._teller.tell(item, decision, self.state, self.events)
            self.answers.append(answer_to(item, decision))
        elif is_said_by(envelope, earlier.digest):
            self.answers.append(answer_to(item, earlier, is_replay=True))
        else:
            self.conflicts.append(envelope)
            self.answers.append(answer_to(item, earlier, is_conflict=True))

    def _is_decided_by(self, whole: Envelope) -> bool:
        """True when this very request of the bulk was accepted first, now or before a crash."""
        one = self.known.get(whole.operation_id.int)
        return one is not None and (one.accepted_at, one.digest) == (
            whole.submitted_at,
            whole.digest,
        )

    def _is_of_another_parked(self, envelope: Envelope) -> bool:
        """True when other content was accepted under this id and is parked."""
        letters = self._parked.get(envelope.operation_id.int) if self._parked else None
        return bool(letters) and not any(is_said_by(envelope, one.digest) for one in letters or ())

    def _tell(self, item: Item, decision: Decision, into: list[Event]) -> None:
        if self._teller is not None:
            self._teller.tell(item, decision, self.state, into)

    def _decide_all(self, item: Item) -> Decision:
        """Decide the parts in their order; when one is refused, all is as it was before."""
        envelope, operation = item.envelope, item.operation
        parts = operation.parts(item.intent) if operation.parts else ()
        undo = self.state.savepoint(a for part in parts for a in self._accounts_of(*part))
        done: list[Decision] = []
        told: list[Event] = []
        for index, (own, part) in enumerate(
            zip(part_envelopes(envelope, item.intent, parts), parts, strict=True)
        ):
            one = Item(item.entry, own, *part)
            decision = self._decide(one)
            if decision.status == Status.REJECTED.value:
                undo()
                self.state.records.changes = []
                refused = bulk_rejected(index, decision)
                return self._reject_all(item, parts, refused)
            done.append(decision)
            self._tell(one, decision, told)
        self.decided += done
        self.events += told
        self.known.update((decision.operation_id.int, decision) for decision in done)
        return self._decision(envelope, Status.APPLIED, None, *bulk_applied(done))

    def _reject_all(self, item: Item, parts: Sequence[Part], why: Result) -> Decision:
        """Every part is rejected with the whole: its id was given to the client."""
        envelopes = list(part_envelopes(item.envelope, item.intent, parts))
        whole, *rejected = (
            self._decision(one, Status.REJECTED, BULK_REJECTED.code, why, None)
            for one in (item.envelope, *envelopes)
        )
        self.decided += rejected
        for envelope, part, decision in zip(envelopes, parts, rejected, strict=True):
            self._tell(Item(item.entry, envelope, *part), decision, self.events)
        self.known.update((decision.operation_id.int, decision) for decision in rejected)
        return whole

    def _decide(self, item: Item) -> Decision:
        envelope, endings = item.envelope, self.state.endings
        plain = item.operation.plain
        if plain is not None and not endings:
            result = plain.decide(item.intent, envelope, self.state, self.now)
            if result is not None:
                return self._decision(envelope, Status.APPLIED, None, result, None)
        # An acceptance after the decision means a wrong clock, which must not expire a hold.
        accepted_at = envelope.submitted_at
        if accepted_at > self._latest:
            accepted_at = self.now
        context = Context(envelope.operation_id, envelope.actor, self.now, accepted_at)
        if not endings:
            return self._judge(item, context, ())
        ended = endings.over(self._accounts(item), accepted_at)
        accounts = self.state.balances.accounts
        for reservation in ended:
            accounts[reservation.reserve.account_id].ended -= reservation.reserve.minor
        try:
            return self._judge(item, context, ended)
        finally:
            for reservation in ended:
                accounts[reservation.reserve.account_id].ended = 0

    def _accounts(self, item: Item) -> list[AccountId]:
        return self._accounts_of(item.operation, item.intent)

    def _accounts_of(self, operation: Operation[Any], intent: Intent) -> list[AccountId]:
        accounts = operation.accounts(intent, self.state)
        return [a.id if isinstance(a, AccountSpec) else a for a in accounts]

    def _judge(self, item: Item, context: Context, ended: Sequence[Ended]) -> Decision:
        envelope = item.envelope
        outcome: Outcome = item.operation.decide(item.intent, self.state, context)
        if isinstance(outcome, Refused):
            for record in outcome.puts:
                self.state.records.put(record)
            return self._decision(
                envelope, Status.REJECTED, outcome.refusal.code, outcome.result, None
            )
        try:
            self._begin(outcome)
        except BalanceLimit:
            return self._decision(envelope, Status.REJECTED, BALANCE_LIMIT.code, None, None)
        # From here on the operation must succeed: an exception below is a bug and fails the
        # batch.
        if ended:
            self._close(ended, outcome)
        self._settle(outcome, envelope)
        effects = _encode(outcome.effects).decode() if outcome.effects else None
        return self._decision(envelope, Status.APPLIED, None, outcome.result, effects)

    def _begin(self, outcome: Applied) -> None:
        """Open accounts and check the legs; if this raises, nothing has changed."""
        balances = self.state.balances
        if not outcome.opens:
            balances.check(outcome.legs)
            return
        for spec in outcome.opens:
            balances.open(spec)
        try:
            balances.check(outcome.legs)
        except BalanceLimit:
            for spec in outcome.opens:
                balances.close_again(spec)
            raise

    def _close(self, ended: Sequence[Ended], outcome: Applied) -> None:
        """Close expired reservations of the accounts whose money the operation needs."""
        balances = self.state.balances
        taken: dict[AccountId, int] = {}
        for leg in outcome.legs:
            taken[leg.account_id] = taken.get(leg.account_id, 0) - leg.minor
        for reserve in outcome.reserves:
            taken[reserve.account_id] = taken.get(reserve.account_id, 0) + reserve.minor
        short = set()
        for account_id, minor in taken.items():
            account = balances.accounts[account_id]
            if minor > account.available - account.ended:
                short.add(account_id)
        for reservation in ended:
            if reservation.reserve.account_id in short:
                self.state.records.put(reservation.after)
                balances.reserve([reservation.reserve])

    def _settle(self, outcome: Applied, envelope: Envelope) -> None:
        balances, records = self.state.balances, self.state.records
        # Holds are released before money leaves, so that a capture can take what was held.
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor < 0])
        if outcome.legs:
            balances.post(outcome.legs, envelope.operation_id, self.now, outcome.forces)
            self._keep_transaction(outcome, envelope)
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor > 0])
        for account_id, status in outcome.statuses:
            balances.set_status(account_id, status)
        for account_id, limit in outcome.overdrafts:
            balances.set_overdraft(account_id, limit)
        endings = self.state.endings
        for record in outcome.puts:
            records.put(record)
            if endings is not None and type(record) is endings.type:
                endings.add(record)

    def _keep_transaction(self, outcome: Applied, envelope: Envelope) -> None:
        transaction = transaction_of(envelope, outcome, self.state.balances.accounts, self.now)
        self.state.records.put(transaction)
        if len(outcome.legs) > PAIR:
            for amount in amounts_of(transaction):
                self.state.records.put(amount)
        if transaction.effective_at is not None:
            accounts = self.state.balances.accounts
            for entry in backdated_of(outcome, accounts, transaction.effective_at):
                self.state.records.put(entry)

    def _decision(
        self,
        envelope: Envelope,
        status: Status,
        reason: str | None,
        result: Result | None,
        effects: str | None,
    ) -> Decision:
        return Decision(  # by place: names cost twice as much
            envelope.operation_id,
            envelope.kind,
            envelope.digest,
            envelope.actor,
            _APPLIED if status is Status.APPLIED else status.value,
            reason,
            "{}" if result is None else _encode(result).decode(),
            effects,
            envelope.submitted_at,
            self.now,
        )
