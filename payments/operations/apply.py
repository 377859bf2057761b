"""The only code that commits money: a batch of intents becomes one transaction.

    a  which operation ids are decided already        → their stored outcome is answered again
    b  lock and read the rows the new ones need       one statement per type
    c  lock their accounts, sorted by id              one statement
       read holds on them that have expired           one statement, where something is held
    d  decide each, in stream order, in memory        pure, no await
    e  outcomes, rows, entries, counters, position    COPY and unnest, a fixed number of statements
    f  commit; answers, effects and acknowledgement come after

Entries written by a newer release stay pending in the stream, without an answer.

A refusal is a stored outcome. After an exception the transaction is rolled back and the batch
halved; an entry that still fails alone is parked.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from payments.events import writes as events
from payments.kernel.clock import Clock, monotonic_s
from payments.kernel.database import Connection, is_connection_lost, is_retryable
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql
from payments.ledger import post
from payments.ledger.balances import Balances
from payments.ledger.chart import AccountSpec
from payments.ledger.lock import lock_accounts
from payments.operations import metrics
from payments.operations.batch import Answer, Batch, Item
from payments.operations.bulk import entry_of
from payments.operations.conflicts import INSERT, insert_arguments
from payments.operations.dead_letters import DeadLetter, describe, park
from payments.operations.envelope import Envelope, decode, encode
from payments.operations.lapse import Endings, Lapsing
from payments.operations.operation import Operation, State
from payments.operations.outcome import Decision
from payments.operations.reading import EntryReader, NotUnderstood, envelope_of, order_of
from payments.operations.record import Records
from payments.operations.telling import Teller
from payments.operations.waiting import Waiting
from streams.entry import Entry

_ATTEMPTS: Final = 4
_BACKOFF_S: Final = 0.02
_DECISION_COLUMNS: Final = (
    "id", "kind", "digest", "actor", "status", "reason",
    "result", "effects", "accepted_at", "decided_at",
)  # fmt: skip

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

    async def apply(self, connection: Connection, entries: Sequence[Entry]) -> list[Answer]:
        """Decide every entry, or park it. Raises only errors of the servers:
        run the batch again.
        """
        started = monotonic_s()
        items: list[Item] = []
        answers: list[Answer] = []
        for entry in entries:
            try:
                read = self._reader.read_all(entry)
            except NotUnderstood as error:
                self._waiting.leave(entry, error.order, str(error))
            except Exception as error:  # noqa: BLE001 - whatever an unreadable entry raises, only that entry is parked
                answers.append(await self._park(connection, entry, envelope_of(entry), error))
            else:
                if self._waiting and self._waiting.holds_up(entry.partition, order_of(read[0])):
                    self._waiting.leave(entry, order_of(read[0]), "what waits behind such an entry")
                else:
                    items += read
        answers += await self._isolate(connection, items)
        metrics.observe_batch(len(entries), monotonic_s() - started, answers)
        return answers

    def forget(self, partition: int) -> None:
        """Another consumer owns the partition from now on."""
        self._waiting.forget(partition)

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
                return await self._transact(connection, items)
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
                await _advance(connection, [entry])
        return Answer(entry, envelope, None)

    async def _park_item(self, connection: Connection, item: Item, error: BaseException) -> Answer:
        """An item of a bulk is parked alone, as an entry of its own that can be tried again."""
        entry = item.entry if item.whole is None else entry_of(item, encode(item.envelope))
        answer = await self._park(connection, entry, item.envelope, error)
        return msgspec.structs.replace(answer, entry=item.entry, whole=item.whole)

    async def _transact(self, connection: Connection, items: Sequence[Item]) -> list[Answer]:
        async with connection.transaction():
            known = await _known(connection, items)
            fresh = _first_of_each(items, known)
            parked = await _parked(connection, fresh)
            state = await _prepare(connection, fresh)
            if self._lapsing is not None:
                await _load_endings(connection, state, fresh, self._lapsing)
            batch = Batch(state, known, self._clock(), parked, teller=self._teller)
            for item in items:
                batch.take(item)
            await _write(connection, batch, items)
        return batch.answers


def _first_of_each(items: Sequence[Item], stored: Mapping[int, Decision]) -> list[Item]:
    """The items that will be decided: the first copy of every undecided id."""
    ids = set(stored)
    fresh = []
    for item in items:
        key = item.envelope.operation_id.int
        if key not in ids:
            ids.add(key)
            fresh.append(item)
    return fresh


async def _known(connection: Connection, items: Sequence[Item]) -> dict[int, Decision]:
    """Stored outcomes by the integer of their id: hashing a UUID runs Python
    code, and this is hot.
    """
    ids = [item.envelope.operation_id for item in items]
    # A batch that was halved may begin in the middle of a bulk.
    if items and (whole := items[0].whole) is not None:
        ids.append(whole.operation_id)
    rows = await connection.fetch(load_sql(__file__, "decided_operations"), ids)
    return {
        row[0].int: Decision(**dict(zip(Decision.__struct_fields__, row, strict=True)))
        for row in rows
    }


async def _parked(connection: Connection, fresh: Sequence[Item]) -> dict[int, list[Envelope]]:
    """What was accepted under these ids and could not be applied, by the integer of the id."""
    ids = [item.envelope.operation_id for item in fresh]
    parked: dict[int, list[Envelope]] = {}
    for row in await connection.fetch(load_sql(__file__, "parked_operations"), ids) if ids else ():
        parked.setdefault(row[0].int, []).append(decode(row[1]))
    return parked


async def _prepare(connection: Connection, fresh: Sequence[Item]) -> State:
    """Load rows first (accounts may depend on them), then numbers, then accounts: always in this
    order.
    """
    records = Records()
    refs = [
        ref for item in fresh if item.operation.refs for ref in item.operation.refs(item.intent)
    ]
    refs += [
        ref
        for item in fresh
        if item.operation.refs_of_id
        for ref in item.operation.refs_of_id(item.envelope.operation_id)
    ]
    if refs:
        await records.load(connection, refs)
    numbers: dict[str, int] = {}
    for item in fresh:
        for name in item.operation.sequences:
            numbers[name] = numbers.get(name, 0) + 1
    values_by_sequence = {
        name: await _draw(connection, name, count) for name, count in sorted(numbers.items())
    }
    state = State(Balances(()), records, values_by_sequence)
    ids: set[AccountId] = set()
    houses: dict[AccountId, AccountSpec] = {}
    for item in fresh:
        for account in item.operation.accounts(item.intent, state):
            if isinstance(account, AccountSpec):
                houses[account.id] = account
            else:
                ids.add(account)
    state.balances = await lock_accounts(connection, ids, houses.values())
    return state


async def _load_endings(
    connection: Connection, state: State, fresh: Sequence[Item], lapsing: Lapsing[Any]
) -> None:
    """Load the reservations that expire before the last of these operations was accepted.

    Their accounts are locked already, so nobody else can have changed them since.
    """
    state.endings = Endings(lapsing, state.records)
    holding = [a.id for a in state.balances.accounts.values() if a.debits_pending]
    if holding:
        until = max(item.envelope.submitted_at for item in fresh)
        rows = await state.records.load_by(connection, lapsing.type, lapsing.query, holding, until)
        for row in rows:
            state.endings.add(row)


async def _draw(connection: Connection, sequence: str, count: int) -> list[int]:
    rows = await connection.fetch(load_sql(__file__, "draw_numbers"), sequence, count)
    return [row[0] for row in reversed(rows)]


async def _write(connection: Connection, batch: Batch, items: Sequence[Item]) -> None:
    if batch.decided:
        # Sorted: two consumers that insert the same ids wait for each other in one direction only.
        rows = sorted(
            (msgspec.structs.astuple(d) for d in batch.decided), key=lambda row: row[0].int
        )
        await connection.copy_records_to_table(
            "operations", columns=_DECISION_COLUMNS, records=rows
        )
        await batch.state.records.write(connection)
        await post.write(connection, batch.state.balances)
    if batch.conflicts:
        await connection.execute(INSERT, *insert_arguments(batch.conflicts, batch.now))
    await _advance(connection, [item.entry for item in items])
    await events.add(connection, batch.events, batch.now)


async def _advance(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store in the same transaction how far partitions are applied: Redis is never behind that."""
    last: dict[int, tuple[int, int]] = {}
    for entry in entries:
        if entry.partition >= 0:
            last[entry.partition] = max(last.get(entry.partition, (0, 0)), entry.position)
    if last:
        await connection.execute(
            load_sql(__file__, "advance_partitions"),
            list(last),
            [p[0] for p in last.values()],
            [p[1] for p in last.values()],
        )
