"""The only code that commits money: a batch of intents becomes one transaction.

    a  which operation ids are decided already        → their stored outcome is answered again
    b  lock and read the rows the new ones need       one statement per type
    c  read their accounts that are not kept          one statement
       read holds on them that have expired           one statement, where something is held
    d  decide each, in stream order, in memory        no query
    e  outcomes, rows, entries, counters, position    COPY and unnest, a fixed number of statements
    f  commit; answers, effects and acknowledgement come after

`Turn` lets the next batch begin with (a) after (c): it takes from memory what this one leaves.
(e) writes nothing where an account is not as it was read; then accounts are locked at (c), by id.
Entries written by a newer release stay pending, without an answer. A refusal is a stored outcome.
After an exception the batch is rolled back and halved; an entry that still fails alone is parked.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from payments.kernel.clock import Clock, monotonic_s
from payments.kernel.database import Connection, is_connection_lost
from payments.operations import metrics, quick
from payments.operations.aside import Aside
from payments.operations.batch import Batch
from payments.operations.blockers import Blockers
from payments.operations.items import Answer, Item
from payments.operations.kept import Kept
from payments.operations.loading import Ahead, load
from payments.operations.locking import ContendedError, Hurry, Locking
from payments.operations.needs import Need, Place, needs_of, needs_of_types, still_locked
from payments.operations.operation import Operation
from payments.operations.parking import ATTEMPTS, is_given_up, park_entry, park_item
from payments.operations.reading import EntryReader, NotUnderstood, envelope_of, order_of
from payments.operations.slow import Slow, SlowLoadError, give_up, look_at_tables
from payments.operations.telling import Teller
from payments.operations.waiting import Waiting
from payments.operations.ways import Ways
from payments.operations.writing import Writing
from streams.entry import Entry
from streams.turns import OverturnedError, Turn

_TRIES_OF_MANY: Final = 2
"""All others wait for them: they are halved soon, until the one that fails is alone."""
_BACKOFF_S: Final = 0.02

_log = structlog.get_logger(__name__)


class Applier:
    """Applies batches for a fixed set of operation kinds."""

    def __init__(
        self,
        operations: Iterable[Operation[Any]],
        clock: Clock,
        teller: Teller | None = None,
        *,
        sets_aside: bool = False,
        is_quick: bool = False,
        blockers: Blockers | None = None,
    ) -> None:
        """`operations` is the registry; two of one kind are refused. No `teller`: no events.

        `sets_aside`: entries whose accounts somebody else has locked wait in `aside` for a later
        call, also one without entries; else the batch waits; `blockers` names who has them.
        `is_quick`: a few operations are written by one statement that locks their accounts.
        """
        self._teller = teller
        if teller is not None:
            operations = [teller.loading(one) for one in operations]
        self._reader = EntryReader(operations)
        self._waiting = Waiting()
        self.aside = Aside()
        self.slow = Slow()
        self._sets_aside = sets_aside
        self._is_quick = is_quick
        self.kept = Kept()
        self._blockers = Blockers() if blockers is None else blockers
        self.ways = Ways(self.kept, sets_aside=sets_aside)
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
        self.kept.enter(turn.shift)
        retried = await self._retried(connection, turn) if self.aside else []
        items, unreadable = self._read(retried, entries)
        answers: list[Answer] = []
        if unreadable:
            await turn.alone()
            now = self._clock()
            for entry, error in unreadable:
                parked = await park_entry(connection, entry, envelope_of(entry), error, now)
                answers.append(parked)
            answers += await self._isolate(connection, items)
        else:
            answers = await self._quickly(connection, items, turn)
        if self.aside:  # a bulk may have been halved: it is answered as one
            answers = [answer for answer in answers if not self.aside.has(answer.entry)]
        metrics.observe_batch(len(entries), monotonic_s() - started, answers)
        return answers

    def forget(self, partition: int) -> None:
        """Another consumer owns the partition from now on."""
        self._waiting.forget(partition)
        self.aside.forget(partition)
        self.kept.clear()
        self._blockers.watch(())

    async def _retried(self, connection: Connection, turn: Turn) -> list[Entry]:
        """Entries that were set aside and need nothing that is locked by now."""
        if not self.aside.is_due(monotonic_s()):
            return []
        try:
            ahead = Ahead.after(await turn.to_decide())
        except OverturnedError:
            return []  # the items of this batch find that out as well; these wait for a later one
        needs, put_off = self.aside.needs(), self.slow.put_off()
        locked = await still_locked(connection, needs, ahead, put_off)
        await look_at_tables(connection, self.slow)
        theirs = locked - self.aside.claimed
        self._blockers.watch(frozenset(theirs) | self.slow.locked)
        return self.aside.take(locked | self.slow.put_off())

    def _read(
        self, retried: Sequence[Entry], entries: Sequence[Entry]
    ) -> tuple[list[Item], list[tuple[Entry, Exception]]]:
        """What can be decided, and what nobody can read; the rest is left in the stream.

        Entries tried again stood before any that was left.
        """
        items: list[Item] = []
        unreadable: list[tuple[Entry, Exception]] = []
        for number, entry in enumerate((*retried, *entries)):
            is_first = number < len(retried) or not self._waiting
            try:
                read = self._reader.read_all(entry)
            except NotUnderstood as error:
                self._waiting.leave(entry, error.order, str(error))
            except Exception as error:  # noqa: BLE001 - whatever an unreadable entry raises, only that entry is parked
                unreadable.append((entry, error))
            else:
                if not is_first and self._waiting.holds_up(entry.partition, order_of(read[0])):
                    self._waiting.leave(entry, order_of(read[0]), "what waits behind such an entry")
                else:
                    items += read
        return items, unreadable

    async def _in_turn(self, connection: Connection, items: list[Item], turn: Turn) -> list[Answer]:
        """On top of the batch before; if anything fails, again when nothing is under way."""
        ways = self.ways.beside(shift=turn.shift, has_aside=bool(self.aside))
        for locking in ways if items else ():
            if locking is Locking.PATIENT:
                await turn.before_ended()  # decided on top of it, this one would be overturned
            try:
                return await self._transact(connection, items, turn, locking)
            except ContendedError:
                self.ways.contended()
            except OverturnedError:
                break
            except Exception as error:
                if is_connection_lost(error) or connection.is_closed():
                    raise
                self.ways.failed(error)
                break
        await turn.alone()
        return await self._isolate(connection, items)

    async def _isolate(
        self, connection: Connection, items: list[Item], tries: int = _TRIES_OF_MANY
    ) -> list[Answer]:
        """Run the items as one transaction; if it fails, halve until the failing item is alone."""
        if not items:
            return []
        done = await self._attempt(connection, items, tries)
        if not isinstance(done, Exception):
            return done
        if not items:
            return []
        if len(items) == 1:
            return [await self._park(connection, items[0], done)]
        middle = len(items) // 2
        _log.warning("batch_halved", size=len(items), error=repr(done)[:200])
        first = await self._isolate(connection, items[:middle], 1)
        return first + await self._isolate(connection, items[middle:], 1)

    async def _attempt(
        self, connection: Connection, items: list[Item], tries: int
    ) -> list[Answer] | Exception:
        """The answers, or the error of the items themselves after retries where they may help.

        Raises errors of the session or the server (disk, memory): the consumer waits and runs it
        again.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                locking = self.ways.alone(is_first=attempt == 1)
                return await self._transact(connection, items, Turn(), locking)
            except ContendedError:
                self.ways.contended()
                continue
            except Exception as error:
                if is_connection_lost(error) or connection.is_closed():
                    raise
                if is_given_up(error, attempt, ATTEMPTS if len(items) == 1 else tries):
                    return error
            await asyncio.sleep(_BACKOFF_S * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    async def _park(self, connection: Connection, item: Item, error: BaseException) -> Answer:
        return await park_item(connection, item, error, self._clock(), attempts=ATTEMPTS)

    async def _quickly(self, connection: Connection, items: list[Item], turn: Turn) -> list[Answer]:
        """A few operations in two round trips, if that is possible; the next batch begins after."""
        if not self._is_quick or self.aside or not quick.is_quick(items):
            return await self._in_turn(connection, items, turn)
        try:
            batch = await self._at_once(connection, items, turn)
        except Exception as error:
            if is_connection_lost(error) or connection.is_closed():
                raise
            batch = None  # the usual way finds out what is wrong
        if batch is None:
            return await self._in_turn(connection, items, turn)
        turn.decided()
        turn.committed()
        return batch.answers

    async def _at_once(self, connection: Connection, items: list[Item], turn: Turn) -> Batch | None:
        """None when nothing is written: an account is locked, or is not as it was read."""
        if await turn.to_decide():
            return None
        await turn.to_commit()
        if (read := await quick.read(connection, items, self._lapsing, self.kept)) is None:
            return None
        batch = Batch(read.state, read.known, self._clock(), {}, teller=self._teller)
        for item in items:
            batch.take(item)
        turn.closing()
        return batch if await quick.write(connection, batch, items, read, self.kept) else None

    async def _transact(
        self, connection: Connection, items: list[Item], turn: Turn, locking: Locking
    ) -> list[Answer]:
        """Decide and commit the items; those set aside are taken out of the list for good."""
        while True:
            try:
                return await self._transact_once(connection, items, turn, locking)
            except SlowLoadError as error:  # what needs it is set aside by the next try
                await give_up(connection, error, self.slow)

    def _hurry(self, items: list[Item], locking: Locking) -> Hurry:
        put_off = self.slow.put_off()
        if self.aside or put_off:  # what failed before may have been set aside meanwhile
            self._part(items, needs_of_types(items, put_off))
        slow = self.slow if self._sets_aside else None
        return Hurry(locking, self.kept, self.aside.stuck(), slow, put_off)

    def _part(self, items: list[Item], needs: Mapping[Place, Need]) -> None:
        items[:] = self.aside.part(items, needs)

    def _keep(self, batch: Batch, written_by: int) -> None:
        self.kept.keep_written(batch.state.balances.accounts, written_by)

    async def _transact_once(
        self, connection: Connection, items: list[Item], turn: Turn, locking: Locking
    ) -> list[Answer]:
        async with connection.transaction():
            await turn.to_load()
            hurry = self._hurry(items, locking)
            loaded = await load(connection, items, turn, self._lapsing, hurry)
            if loaded.busy:
                self._part(items, needs_of(items, loaded.busy, loaded.state))
            now = self._clock()
            batch = Batch(loaded.state, loaded.known, now, loaded.parked, teller=self._teller)
            turn.loaded(Ahead.of(batch))
            await batch.take_all(items)
            writing = Writing(batch, [item.entry for item in items], loaded)
            turn.decided()
            await writing.early(connection)
            await turn.to_commit()
            turn.closing()
            await writing.late(connection)
        turn.committed()
        self._keep(batch, loaded.transaction)
        return batch.answers
