"""Entries that could not be handled: stored with the reason, retried or
discarded by an operator.
"""

import traceback
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from payments.events import writes as events
from payments.kernel.database import Connection
from payments.kernel.errors import Conflict, NotFound
from payments.kernel.ids import OperationId
from payments.kernel.sql import load_sql
from payments.operations.acceptance import NO_ITEMS, Marked, beside_of, marker_of
from payments.operations.atomic import parts_accepted, parts_in, read_whole
from payments.operations.envelope import Envelope, decode
from payments.operations.outcome import Decision, Status
from payments.operations.telling import rejected
from streams.entry import Entry

DISCARDED: Final = "discarded_by_operator"
_ERROR_MAX: Final = 8000
_KIND_MAX: Final = 200
_ACTOR_MAX: Final = 1000
_log = structlog.get_logger(__name__)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A parked entry. `stream`: intents or effects; `payload`: its unchanged bytes."""

    stream: str
    partition: int
    stream_id: str
    operation_id: UUID | None
    kind: str | None
    payload: bytes
    error: str
    attempts: int
    id: int = 0
    state: str = "parked"
    parked_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None


class Subject(Protocol):
    """An entry that was read: the envelope of an intent, or an effect."""

    @property
    def operation_id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...


def describe(error: BaseException) -> str:
    """The traceback, cut to its end when it is long."""
    return "".join(traceback.format_exception(error))[-_ERROR_MAX:]


def letter_of(
    stream: str, entry: Entry, about: Subject | None, error: BaseException, attempts: int
) -> DeadLetter:
    """The letter of an entry that cannot be applied, with the traceback.

    `about`: what the entry says, None when nobody can read it.
    """
    return DeadLetter(
        stream=stream,
        partition=entry.partition,
        stream_id=entry.stream_id,
        operation_id=about.operation_id if about else None,
        kind=about.kind if about else None,
        payload=entry.payload,
        error=describe(error),
        attempts=attempts,
    )


def _storable(text: str, length_max: int) -> str:
    """Text that PostgreSQL accepts, whatever an unreadable entry contained."""
    return text[:length_max].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


async def park(connection: Connection, letter: DeadLetter, now: datetime) -> None:
    """Store a dead letter. Parking the same entry again keeps one row."""
    letter = msgspec.structs.replace(
        letter,
        kind=None if letter.kind is None else _storable(letter.kind, _KIND_MAX),
        error=_storable(letter.error, _ERROR_MAX),
    )
    await connection.execute(
        load_sql(__file__, "park"),
        letter.stream,
        letter.partition,
        letter.stream_id,
        letter.operation_id,
        letter.kind,
        letter.payload,
        letter.error,
        letter.attempts,
        now,
    )
    last_line = letter.error.strip().rsplit("\n", 1)[-1][:300]
    _log.error(
        "entry_parked",
        stream=letter.stream,
        operation_id=str(letter.operation_id),
        kind=letter.kind,
        error=last_line,
    )


async def list_letters(
    connection: Connection, state: str = "parked", limit: int = 200
) -> list[DeadLetter]:
    """Newest first."""
    rows = await connection.fetch(load_sql(__file__, "list_dead_letters"), state, limit)
    return [DeadLetter(**dict(row)) for row in rows]


async def show_letter(connection: Connection, letter_id: int) -> DeadLetter:
    """One dead letter. Raises `NotFound`."""
    row = await connection.fetchrow(load_sql(__file__, "show_dead_letter"), letter_id)
    if row is None:
        raise NotFound(f"there is no dead letter {letter_id}", code="dead_letter_not_found")
    return DeadLetter(**dict(row))


class PutsBack(Protocol):
    """Appends entries again; implemented by `payments.operations.door`, like every append."""

    async def put_back(self, partition: int, payload: bytes, marked: Marked | None) -> None:
        """Append an intent again. Raises `Unavailable`."""
        ...

    async def put_back_effect(self, partition: int, payload: bytes) -> None:
        """Append an effect again. Raises `Unavailable`."""
        ...


async def retry_letter(
    connection: Connection, door: PutsBack, letter_id: int, now: datetime, by: str
) -> DeadLetter:
    """Append the entry again, then close the letter. A crash in between only repeats the entry.

    Raises `Unavailable` when nothing can be appended: the letter stays open.
    """
    letter = _open(await show_letter(connection, letter_id))
    if letter.stream == "effects":
        await door.put_back_effect(letter.partition, letter.payload)
    else:
        await door.put_back(letter.partition, letter.payload, _marked(letter))
    await connection.execute(load_sql(__file__, "close_dead_letter"), letter_id, "retried", now, by)
    return letter


def _marked(letter: DeadLetter) -> Marked | None:
    """What is kept of the operation in the letter; None when it cannot be read."""
    try:
        envelope = decode(letter.payload)
        whole = read_whole(envelope)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    id_ = OperationId(envelope.operation_id)
    items = NO_ITEMS if whole is None else parts_accepted(whole, id_)
    return Marked(id_, marker_of(envelope, items), beside_of(envelope, items))


async def discard_letter(
    connection: Connection, letter_id: int, now: datetime, by: str
) -> DeadLetter:
    """Close the letter for good; its operation, if any is undecided, is rejected with its parts."""
    letter = _open(await show_letter(connection, letter_id))
    async with connection.transaction():
        if letter.stream == "intents" and letter.operation_id is not None:
            envelope = decode(letter.payload)
            for one in (*parts_in(envelope), envelope):
                await _reject(connection, _discarded(one, now))
        await connection.execute(
            load_sql(__file__, "close_dead_letter"), letter_id, "discarded", now, by
        )
    return letter


async def _reject(connection: Connection, decision: Decision) -> None:
    """Store it, and tell it, unless the operation was decided meanwhile."""
    done = await connection.execute(
        load_sql(__file__, "reject_operation"),
        decision.operation_id,
        decision.kind,
        decision.digest,
        decision.actor,
        decision.status,
        decision.reason,
        decision.accepted_at,
        decision.decided_at,
    )
    if done.endswith(" 1"):
        await events.add(connection, [rejected(decision)], decision.decided_at)


def _discarded(envelope: Envelope, now: datetime) -> Decision:
    return Decision(
        operation_id=envelope.operation_id,
        kind=_storable(envelope.kind, _KIND_MAX),
        digest=envelope.digest,
        actor=_storable(envelope.actor, _ACTOR_MAX),
        status=Status.REJECTED.value,
        reason=DISCARDED,
        result="{}",
        effects=None,
        accepted_at=envelope.submitted_at,
        decided_at=now,
    )


def _open(letter: DeadLetter) -> DeadLetter:
    if letter.state != "parked":
        raise Conflict(
            f"dead letter {letter.id} is {letter.state} already", code="dead_letter_closed"
        )
    return letter
