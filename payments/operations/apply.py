"""The only code that commits money: a batch of intents becomes one transaction.

    a  which operation ids are decided already        → their stored outcome is answered again
    b  lock and read the rows the new ones need       one statement per type
    c  lock their accounts, sorted by id              one statement
       read holds on them that have expired           one statement, where something is held
    d  decide each, in stream order, in memory        no query
    e  outcomes, rows, entries, counters, position    COPY and unnest, a fixed number of statements
    f  commit; answers, effects and acknowledgement come after

`Turn` lets the next batch begin with (a) after (d): it takes from memory what this one leaves.

Entries written by a newer release stay pending in the stream, without an answer.

A refusal is a stored outcome. After an exception the transaction is rolled back and the batch
halved; an entry that still fails alone is parked.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import structlog

from payments.kernel.clock import Clock, monotonic_s
from payments.kernel.database import Connection, is_connection_lost, is_retryable
from payments.operations import metrics
from payments.operations.batch import Answer, Batch, Item
from payments.operations.bulk import entry_of
from payments.operations.dead_letters import DeadLetter, describe, park
from payments.operations.envelope import Envelope, encode
from payments.operations.loading import Ahead, load
from payments.operations.operation import Operation
from payments.operations.reading import EntryReader, NotUnderstood, envelope_of, order_of
from payments.operations.telling import Teller
from payments.operations.waiting import Waiting
from payments.operations.writing import Writing, advance
from streams.entry import Entry
from streams.turns import OverturnedError, Turn

_ATTEMPTS: Final = 4
_BACKOFF_S: Final = 0.02
_DECIDED_AT_ONCE: Final = 50
"""So many are decided before the other batch may send its next statement."""

_log = structlog.get_logger(__name__)


class Applier:
    """Applies batches for a fixed set of operation kinds."""

    def __init__(
        self, operations: Iterable[Operation[Any]], clock: Clock, teller: Teller | None = None
    ) -> None:
        """`operations` is the registry; two of one kind are refused. No `teller`: no events."""
        self._teller = teller
        if teller is not None:
            operations = [teller.loading(one) for one in operations]
        self._reader = EntryReader(operations)
        self._waiting = Waiting()
        self._lapsing = self._reader.lapsing()
        self._clock = clock

    async def apply(
        self, connection: Connection, entries: Sequence[Entry], turn: Turn | None = None
    ) -> list[Answer]:
        """Decide every entry, or park it. Raises only errors of the servers:
        run the batch again. Without a `turn` no other batch is under way.
        """
        started = monotonic_s()
        turn = Turn() if turn is None else turn
        items, unreadable = self._read(entries)
        answers: list[Answer] = []
        if unreadable:
            await turn.alone()
            for entry, error in unreadable:
                answers.append(await self._park(connection, entry, envelope_of(entry), error))
            answers += await self._isolate(connection, items)
        else:
            answers = await self._in_turn(connection, items, turn)
        metrics.observe_batch(len(entries), monotonic_s() - started, answers)
        return answers

    def forget(self, partition: int) -> None:
        """Another consumer owns the partition from now on."""
        self._waiting.forget(partition)

    def _read(self, entries: Sequence[Entry]) -> tuple[list[Item], list[tuple[Entry, Exception]]]:
        """What can be decided, and what nobody can read; the rest is left in the stream."""
        items: list[Item] = []
        unreadable: list[tuple[Entry, Exception]] = []
        for entry in entries:
            try:
                read = self._reader.read_all(entry)
            except NotUnderstood as error:
                self._waiting.leave(entry, error.order, str(error))
            except Exception as error:  # noqa: BLE001 - whatever an unreadable entry raises, only that entry is parked
                unreadable.append((entry, error))
            else:
                if self._waiting and self._waiting.holds_up(entry.partition, order_of(read[0])):
                    self._waiting.leave(entry, order_of(read[0]), "what waits behind such an entry")
                else:
                    items += read
        return items, unreadable

    async def _in_turn(
        self, connection: Connection, items: Sequence[Item], turn: Turn
    ) -> list[Answer]:
        """First on top of the batch before; if anything fails, again when nothing is under way."""
        if items:
            try:
                return await self._transact(connection, items, turn)
            except OverturnedError:
                pass
            except Exception as error:
                if is_connection_lost(error) or connection.is_closed():
                    raise
        await turn.alone()
        return await self._isolate(connection, items)

    async def _isolate(self, connection: Connection, items: Sequence[Item]) -> list[Answer]:
        """Run the items as one transaction; if it fails, halve until the failing item is alone."""
        if not items:
            return []
        done = await self._attempt(connection, items)
        if not isinstance(done, Exception):
            return done
        if len(items) == 1:
            return [await self._park_item(connection, items[0], done)]
        middle = len(items) // 2
        _log.warning("batch_halved", size=len(items), error=repr(done)[:200])
        first = await self._isolate(connection, items[:middle])
        return first + await self._isolate(connection, items[middle:])

    async def _attempt(
        self, connection: Connection, items: Sequence[Item]
    ) -> list[Answer] | Exception:
        """The answers, or the error of the items themselves after retries where they may help.

        Raises errors of the session or the server (disk, memory): the consumer waits and runs it
        again.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._transact(connection, items, Turn())
            except Exception as error:
                if is_connection_lost(error) or connection.is_closed():
                    raise
                if not is_retryable(error):
                    return error
                if attempt == _ATTEMPTS:
                    if getattr(error, "sqlstate", "").startswith("53"):
                        raise
                    return error
            await asyncio.sleep(_BACKOFF_S * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    async def _park(
        self, connection: Connection, entry: Entry, envelope: Envelope | None, error: BaseException
    ) -> Answer:
        """Store an entry that cannot be applied, with its traceback; the others continue."""
        letter = DeadLetter(
            stream="intents",
            partition=entry.partition,
            stream_id=entry.stream_id,
            operation_id=envelope.operation_id if envelope else None,
            kind=envelope.kind if envelope else None,
            payload=entry.payload,
            error=describe(error),
            attempts=_ATTEMPTS if envelope else 1,
        )
        async with connection.transaction():
            await park(connection, letter, self._clock())
            if entry.is_of_stream:
                await advance(connection, [entry])
        return Answer(entry, envelope, None)

    async def _park_item(self, connection: Connection, item: Item, error: BaseException) -> Answer:
        """An item of a bulk is parked alone, as an entry of its own that can be tried again."""
        entry = item.entry if item.whole is None else entry_of(item, encode(item.envelope))
        answer = await self._park(connection, entry, item.envelope, error)
        return msgspec.structs.replace(answer, entry=item.entry, whole=item.whole)

    async def _transact(
        self, connection: Connection, items: Sequence[Item], turn: Turn
    ) -> list[Answer]:
        async with connection.transaction():
            ahead: Ahead | None = await turn.to_decide()
            loaded = await load(connection, items, ahead, self._lapsing)
            if loaded is None:
                raise OverturnedError
            batch = Batch(
                loaded.state, loaded.known, self._clock(), loaded.parked, teller=self._teller
            )
            for count, item in enumerate(items, 1):
                batch.take(item)
                if count % _DECIDED_AT_ONCE == 0:
                    await asyncio.sleep(0)
            writing = Writing(batch, [item.entry for item in items], loaded.shared)
            turn.decided(Ahead.of(batch))
            await writing.early(connection)
            await turn.to_commit()
            await writing.late(connection)
        turn.committed()
        return batch.answers
