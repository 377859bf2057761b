"""A batch in memory: outcomes decided in stream order, each seeing what those before it did."""

from datetime import datetime
from typing import Any, Final

import msgspec

from payments.operations.envelope import Envelope, Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Decision, Outcome, Refused, Result, Status
from streams.entry import Entry

CONFLICT: Final = "idempotency_conflict"

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
        elif before.digest == envelope.digest:
            self.answers.append(Answer(item.entry, envelope, before, is_replay=True))
        else:
            self.conflicts.append(envelope)
            self.answers.append(Answer(item.entry, envelope, before, is_conflict=True))

    def _decide(self, item: Item) -> Decision:
        envelope = item.envelope
        context = Context(envelope.operation_id, envelope.actor, self.now, envelope.submitted_at)
        outcome: Outcome = item.operation.decide(item.intent, self.state, context)
        state = self.state
        if isinstance(outcome, Refused):
            for record in outcome.puts:
                state.records.put(record)
            return self._decision(
                envelope, Status.REJECTED, outcome.refusal.code, outcome.result, None
            )
        # From here on the operation must succeed: what raises below is a bug and takes the batch
        # with it.
        self._settle(outcome, envelope)
        effects = _encode(outcome.effects).decode() if outcome.effects else None
        return self._decision(envelope, Status.APPLIED, None, outcome.result, effects)

    def _settle(self, outcome: Applied, envelope: Envelope) -> None:
        balances, records = self.state.balances, self.state.records
        for spec in outcome.opens:
            balances.open(spec)
        # Holds that end are let go before money leaves, so that a capture may take what was held.
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor < 0])
        if outcome.legs:
            balances.post(outcome.legs, envelope.operation_id, self.now)
        if outcome.reserves:
            balances.reserve([r for r in outcome.reserves if r.minor > 0])
        for account_id, status in outcome.statuses:
            balances.set_status(account_id, status)
        for record in outcome.puts:
            records.put(record)

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
