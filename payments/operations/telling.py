"""What a batch tells: an event for each decided operation, and one for each further change.

A capability says once how its rows look to readers and what a change of them is called (`Tells`);
every operation that touches such a row tells by that, with nothing of its own to declare.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from payments.events.event import SYSTEM, Event, Packing, client_of, event_id, traced
from payments.events.types import UNREADABLE, WORDS, noun_of, type_of
from payments.operations.envelope import Intent
from payments.operations.items import Item
from payments.operations.operation import Operation, State
from payments.operations.outcome import Decision, Status
from payments.operations.record import PlainRow, Record, Ref

Change = tuple[Record | None, Record]
"""A row before and after; before it was made there was none."""

_APPLIED: Final = Status.APPLIED.value
_RAW_RESULT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class OperationSaid(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An operation as `GET /v1/operations/{id}` gives it: the data where no thing was made."""

    operation_id: Any
    kind: str
    status: str
    reason: str | None
    result: Mapping[str, msgspec.Raw]
    accepted_at: datetime
    decided_at: datetime


class Tells(msgspec.Struct, frozen=True, kw_only=True):
    """How rows of a type are told.

    `view`: the row as its GET gives it; None for rows that have no GET. `happened`: what a change
    (the row before, None when it is new, and after) is called, None when it is no change of state.
    `called`: what an intent does, where one kind does several things. `words`: all
    that the two may say. `refs`, `find`: how an operation whose own rows do not include the
    thing loads and finds it, by its intent. `packing`: how the event of an operation that made such
    a row is stored in fewer bytes; only for rows that are called by their operation alone.
    """

    record: type[Record]
    noun: str
    view: Callable[[Any, State, datetime], msgspec.Struct | Mapping[str, Any] | None]
    happened: Callable[[Any, Any], str | None] | None = None
    words: tuple[str, ...] = ()
    called: Callable[[Any], str | None] | None = None
    refs: Callable[[Any], Iterable[Ref]] | None = None
    find: Callable[[Any, State], Record | None] | None = None
    packing: Packing | None = None


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """What an applied operation of a noun says where no row of its own is told.

    `data`: from the decision, the intent and the rows after it; None: the operation itself.
    """

    noun: str
    data: Callable[[Decision, Any, State], msgspec.Struct | None]


class _Kind(msgspec.Struct, frozen=True):
    """What is worked out once for a kind of operation."""

    applied: str
    rejected: str
    tells: Tells | None
    says: Says | None
    packs: Callable[[Any], tuple[Any, ...] | None] | None


class Teller:
    """All that is told, by the row's type and by the noun of a kind."""

    def __init__(self, tells: Sequence[Tells], says: Iterable[Says] = ()) -> None:
        """Both are the registry's."""
        for one in tells:
            if one.packing is not None and (one.happened is not None or one.called is not None):
                raise ValueError(f"what happened to a {one.noun} would be lost: it is packed")
        self._by_record = {one.record: one for one in tells}
        self._by_noun = {one.noun: one for one in tells}
        self._says = {one.noun: one for one in says}
        self._kinds: dict[str, _Kind] = {}
        self.watched = frozenset(self._by_record)

    def loading(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation, made to load what its event is about as well."""
        tells = self._by_noun.get(noun_of(operation.kind))
        if tells is None or tells.refs is None:
            return operation
        own, more = operation.refs, tells.refs

        def refs(intent: Intent) -> Iterable[Ref]:
            return (*(() if own is None else own(intent)), *more(intent))

        return msgspec.structs.replace(operation, refs=refs)

    def tell(self, item: Item, decision: Decision, state: State, into: list[Event]) -> None:
        """Add the events of one decision; the operation's own is the last."""
        trace = item.envelope.traceparent
        if not trace:
            self._add(item, decision, state, into)
            return
        events: list[Event] = []
        self._add(item, decision, state, events)
        into += [traced(one, trace) for one in events]

    def _add(self, item: Item, decision: Decision, state: State, into: list[Event]) -> None:
        kind = self._kinds.get(decision.kind) or self._kind(decision.kind)
        changes = state.records.changes
        if len(changes) == 1 and kind.packs is not None:  # a transfer: nearly all there is
            event = _packed(kind, decision, changes[0])
            if event is not None:
                changes.clear()
                into.append(event)
                return
        own = None
        if changes:
            changes = _of_rows(changes)
            state.records.changes = []
            if decision.status == _APPLIED and kind.tells is not None:
                own = _own(changes, kind.tells.record)
            beside = [change for change in changes if change is not own]
            into += self._beside(beside, decision, state)
        into.append(self._of_operation(kind, item, decision, own, state))

    def _kind(self, kind: str) -> "_Kind":
        tells = self._by_noun.get(noun_of(kind))
        made = self._kinds[kind] = _Kind(
            applied=type_of(kind, is_applied=True),
            rejected=type_of(kind, is_applied=False),
            tells=tells,
            says=self._says.get(noun_of(kind)),
            packs=None if tells is None or tells.packing is None else tells.packing.pack,
        )
        return made

    def _beside(self, changes: Sequence[Change], decision: Decision, state: State) -> list[Event]:
        """Changes of state that came with an operation and are not what it is about."""
        events: list[Event] = []
        for before, after in changes:
            tells = self._by_record[type(after)]
            word = None if tells.happened is None else tells.happened(before, after)
            data = None if word is None else tells.view(after, state, decision.decided_at)
            if data is not None:
                id_ = event_id(decision.operation_id, len(events) + 1)
                events.append(Event(f"{tells.noun}.{word}", None, SYSTEM, data, id_))
        return events

    @staticmethod
    def _of_operation(
        kind: "_Kind", item: Item, decision: Decision, own: Change | None, state: State
    ) -> Event:
        data: msgspec.Struct | Mapping[str, Any] | None = None
        type_ = kind.applied
        if decision.status != _APPLIED:
            type_ = kind.rejected
        elif kind.says is not None:
            data = kind.says.data(decision, item.intent, state)
        elif kind.tells is not None:
            tells = kind.tells
            thing = _thing(tells, item, own, state)
            word = _word(tells, item, own)
            if word is not None:
                type_ = f"{tells.noun}.{word}"
            if thing is not None:
                data = tells.view(thing, state, decision.decided_at)
        return Event(
            type=type_,
            operation_id=decision.operation_id,
            client=client_of(decision.actor),
            data=_said(decision) if data is None else data,
        )


def _packed(kind: _Kind, decision: Decision, change: Change) -> Event | None:
    """The event of an operation that made one row and did nothing else, where it can be packed."""
    before, made = change
    if kind.packs is None or before is not None or decision.status != _APPLIED:
        return None
    is_its = isinstance(made, PlainRow) or (kind.tells and type(made) is kind.tells.record)
    values = kind.packs(made) if is_its else None
    if values is None:
        return None
    return Event(kind.applied, decision.operation_id, client_of(decision.actor), values)


def _of_rows(changes: Sequence[Change]) -> list[Change]:
    """Changes of things: a row that is also a transaction is told as the thing."""
    return [
        (before, row.parts()[0] if isinstance(row, PlainRow) else row) for before, row in changes
    ]


def _own(changes: Sequence[Change], type_: type[Record]) -> Change | None:
    """What an operation is about: the last change of its noun's rows.

    Holds that end because of the operation are closed before its own.
    """
    for change in reversed(changes):
        if type(change[1]) is type_:
            return change
    return None


def _thing(tells: Tells, item: Item, own: Change | None, state: State) -> Record | None:
    if own is not None:
        return own[1]
    return None if tells.find is None else tells.find(item.intent, state)


def _word(tells: Tells, item: Item, own: Change | None) -> str | None:
    word = None if own is None or tells.happened is None else tells.happened(*own)
    return tells.called(item.intent) if word is None and tells.called is not None else word


def rejected(decision: Decision) -> Event:
    """The event of an operation that is decided outside of a batch: given up by an operator."""
    return Event(
        type=type_of(decision.kind, is_applied=False) if decision.kind in WORDS else UNREADABLE,
        operation_id=decision.operation_id,
        client=client_of(decision.actor),
        data=_said(decision),
    )


def _said(decision: Decision) -> OperationSaid:
    return OperationSaid(
        operation_id=decision.operation_id,
        kind=decision.kind,
        status=decision.status,
        reason=decision.reason,
        result=_RAW_RESULT(decision.result),
        accepted_at=decision.accepted_at,
        decided_at=decision.decided_at,
    )
