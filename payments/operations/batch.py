"""A batch in memory: outcomes decided in stream order, each seeing what those before it did."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from payments.kernel.ids import AccountId
from payments.ledger.balances import BalanceLimit
from payments.ledger.chart import AccountSpec
from payments.operations.envelope import Envelope, Intent, is_said_by
from payments.operations.lapse import Ended
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Decision, Outcome, Refused, Result, Status
from payments.operations.refusals import BALANCE_LIMIT
from payments.operations.transaction import PAIR, amounts_of, transaction_of
from streams.entry import Entry

CONFLICT: Final = "idempotency_conflict"

CLOCKS_DIFFER: Final = timedelta(seconds=1)
"""The clock of who accepts may be this far ahead of the clock of who decides."""

_encode: Final = msgspec.json.Encoder().encode


class Item(msgspec.Struct, frozen=True, gc=False):
    """A decoded entry: where it stands in the stream, its envelope, its kind and its intent."""

    entry: Entry
    envelope: Envelope
    operation: Operation[Any]
    intent: Intent


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of an entry. No `decision`: it was parked; `is_replay`: it was decided before."""

    entry: Entry
    envelope: Envelope | None
    decision: Decision | None
    is_replay: bool = False
    is_conflict: bool = False


class Batch:
    """Deciding in memory: state moves on with every outcome, answers collect in stream order."""

    def __init__(self, state: State, known: dict[int, Decision], now: datetime) -> None:
        """`known`: stored outcomes; grows with the batch: a copy inside it is a replay too."""
        self.state = state
        self.known = known
        self.now = now
        self._latest = now + CLOCKS_DIFFER
        self.decided: list[Decision] = []
        self.conflicts: list[Envelope] = []
        self.answers: list[Answer] = []

    def take(self, item: Item) -> None:
        """Decide one item, or answer what was decided before."""
        envelope = item.envelope
        before = self.known.get(envelope.operation_id.int)
        if before is None:
            decision = self._decide(item)
            self.known[envelope.operation_id.int] = decision
            self.decided.append(decision)
            self.answers.append(Answer(item.entry, envelope, decision))
        elif is_said_by(envelope, before.digest):
            self.answers.append(Answer(item.entry, envelope, before, is_replay=True))
        else:
            self.conflicts.append(envelope)
            self.answers.append(Answer(item.entry, envelope, before, is_conflict=True))

    def _decide(self, item: Item) -> Decision:
        envelope = item.envelope
        # Nothing is accepted after it is decided: a clock that says so is wrong, and ends no hold.
        accepted_at = envelope.submitted_at
        if accepted_at > self._latest:
            accepted_at = self.now
        context = Context(envelope.operation_id, envelope.actor, self.now, accepted_at)
        if not self.state.endings:
            return self._judge(item, context, ())
        ended = self.state.endings.over(self._accounts(item), accepted_at)
        accounts = self.state.balances.accounts
        for one in ended:
            accounts[one.reserve.account_id].ended -= one.reserve.minor
        try:
            return self._judge(item, context, ended)
        finally:
            for one in ended:
                accounts[one.reserve.account_id].ended = 0

    def _accounts(self, item: Item) -> list[AccountId]:
        named = item.operation.accounts(item.intent, self.state)
        return [a.id if isinstance(a, AccountSpec) else a for a in named]

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
        # From here on the operation must succeed: what raises below is a bug and takes the batch
        # with it.
        if ended:
            self._close(ended, outcome)
        self._settle(outcome, envelope)
        effects = _encode(outcome.effects).decode() if outcome.effects else None
        return self._decision(envelope, Status.APPLIED, None, outcome.result, effects)

    def _begin(self, outcome: Applied) -> None:
        """Open accounts and check the legs; what raises leaves all as it was."""
        balances = self.state.balances
        for spec in outcome.opens:
            balances.open(spec)
        try:
            balances.check(outcome.legs)
        except BalanceLimit:
            for spec in outcome.opens:
                balances.close_again(spec)
            raise

    def _close(self, ended: Sequence[Ended], outcome: Applied) -> None:
        """Close ended reservations of the accounts whose money the operation needs."""
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
        for one in ended:
            if one.reserve.account_id in short:
                self.state.records.put(one.after)
                balances.reserve([one.reserve])

    def _settle(self, outcome: Applied, envelope: Envelope) -> None:
        balances, records = self.state.balances, self.state.records
        # Holds that end are let go before money leaves, so that a capture may take what was held.
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor < 0])
        if outcome.legs:
            balances.post(outcome.legs, envelope.operation_id, self.now)
            self._keep_transaction(outcome, envelope)
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor > 0])
        for account_id, status in outcome.statuses:
            balances.set_status(account_id, status)
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

    def _decision(
        self,
        envelope: Envelope,
        status: Status,
        reason: str | None,
        result: Result | None,
        effects: str | None,
    ) -> Decision:
        return Decision(
            operation_id=envelope.operation_id,
            kind=envelope.kind,
            digest=envelope.digest,
            actor=envelope.actor,
            status=status.value,
            reason=reason,
            result="{}" if result is None else _encode(result).decode(),
            effects=effects,
            accepted_at=envelope.submitted_at,
            decided_at=self.now,
        )
