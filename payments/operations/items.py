"""What goes into a batch, and what comes out of it for each entry."""

import enum
from collections.abc import Sequence
from typing import Any

import msgspec

from payments.operations.atomic import ids_kept
from payments.operations.envelope import Envelope, Intent
from payments.operations.operation import Operation
from payments.operations.outcome import Decision
from streams.entry import Entry


class Marking(enum.Enum):
    """What is kept of an operation beside the stream until it is decided."""

    OWN = "own"
    """A marker."""
    PLACE = "place"
    """Its place in its bulk."""
    NONE = "none"
    """Nothing: its id follows from its bulk's."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """A decoded entry: its position in the stream, its envelope, its operation and its intent."""

    entry: Entry
    envelope: Envelope
    operation: Operation[Any]
    intent: Intent
    whole: Envelope | None = None
    """The bulk that it is an item of."""
    marking: Marking = Marking.OWN


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The result of an entry. `is_replay`: it was decided before.

    No `decision`: it was parked, or `is_conflict`: other content is parked under its id.
    """

    entry: Entry
    envelope: Envelope | None
    decision: Decision | None
    is_replay: bool = False
    is_conflict: bool = False
    whole: Envelope | None = None
    """The bulk that it is an item of; the entry is the bulk's."""
    marking: Marking = Marking.OWN
    parts_kept: Sequence[bytes] = ()
    """Ids of its parts, of which places are kept until it is decided."""


def answer_to(
    item: Item, decision: Decision | None, *, is_replay: bool = False, is_conflict: bool = False
) -> Answer:
    """The answer to an item."""
    envelope = item.envelope
    is_decided = decision is not None and item.operation.parts is not None
    kept = ids_kept(item.intent, envelope.operation_id) if is_decided else ()
    return Answer(
        item.entry, envelope, decision, is_replay, is_conflict, item.whole, item.marking, kept
    )
