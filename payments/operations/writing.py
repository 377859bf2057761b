"""Writes a decided batch. What it says of itself is written beside the batch before; what depends
on that one's commit comes after it, in order (ADR 0101).
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from payments.events import writes as events
from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.packing import (
    NULL,
    bytes_of,
    copy_packed,
    micros,
    repeated_field,
    shared_micros,
    text_field,
)
from payments.kernel.sql import load_sql
from payments.ledger import post
from payments.ledger.account import ChangedSinceError, end_changes
from payments.ledger.balances import fold_turnover
from payments.ledger.lock import are_as_read
from payments.operations.batch import Batch
from payments.operations.conflicts import INSERT, insert_arguments
from payments.operations.loading import Loaded
from payments.operations.outcome import Decision
from streams.entry import Entry

_COLUMNS: Final = (
    "id", "kind", "digest", "actor", "status", "reason",
    "result", "effects", "accepted_at", "decided_at",
)  # fmt: skip
_pack_id: Final = struct.Struct(">hi16s").pack
_pack_length: Final = struct.Struct(">i").pack
_pack_times: Final = struct.Struct(">iqiq").pack


class Writing:
    """The rows of one batch. `early`, then the commit of the batch before, then `late`."""

    def __init__(self, batch: Batch, entries: Sequence[Entry], loaded: Loaded) -> None:
        """Reads the counters at once: the next batch may go on from these accounts."""
        self._batch = batch
        self._entries = entries
        balances, seen, shared = batch.state.balances, loaded.seen, loaded.shared
        fold_turnover(balances)
        self._own, self._others = post.counters_to_write(balances, seen, shared)
        self._limits = post.limits_to_write(balances)
        counted = balances.changed.keys() - balances.limited
        rest = {id_: by for id_, by in seen.items() if id_ not in counted}
        self._others_seen = {id_: rest.pop(id_) for id_ in shared if id_ in rest}
        self._own_seen = {} if loaded.are_locked else rest
        end_changes(balances.accounts, seen, balances.written(), loaded.transaction)

    async def early(self, connection: Connection) -> None:
        """New rows that refer to nothing, and counters of accounts that no batch before has.

        This, like `late`, raises `ChangedSinceError` when an account is not as it was read.
        """
        batch, balances = self._batch, self._batch.state.balances
        await post.open_accounts(connection, balances)
        # First what may find that somebody else has changed an account.
        await post.write_counters(connection, self._own, batch.now)
        await _compare(connection, self._own_seen)
        if batch.decided:
            # Sorted: two consumers that insert the same ids wait for each other in one direction
            # only.
            decided = sorted(batch.decided, key=lambda d: d.operation_id.int)
            await copy_packed(connection, "operations", _COLUMNS, _packed(decided))
            await batch.state.records.write_packed(connection)
        await post.write_entries(connection, balances.entries)

    async def late(self, connection: Connection) -> None:
        """Everything else, the events last."""
        batch = self._batch
        await post.write_counters(connection, self._others, batch.now)
        await _compare(connection, self._others_seen)
        if batch.decided:
            await batch.state.records.write(connection)
        await post.write_rare(connection, self._limits, batch.state.balances.statuses)
        if batch.conflicts:
            await connection.execute(INSERT, *insert_arguments(batch.conflicts, batch.now))
        await advance(connection, self._entries)
        await events.add(connection, batch.events, batch.now)


async def _compare(connection: Connection, seen: dict[AccountId, int]) -> None:
    """Accounts that were decided by and whose counters do not change."""
    if seen and not await are_as_read(connection, seen):
        raise ChangedSinceError(f"one of {len(seen)} accounts that were read")


def _packed(decided: Sequence[Decision]) -> list[bytes]:
    rows: list[bytes] = []
    for one in decided:
        kind, said = _words(one.kind, one.actor, one.status)
        result = one.result.encode()
        rows += (
            _pack_id(10, 16, bytes_of(one.operation_id)),
            kind,
            _pack_length(len(one.digest)),
            one.digest,
            said,
            NULL if one.reason is None else repeated_field(one.reason),
            _pack_length(len(result)),
            result,
            NULL if one.effects is None else text_field(one.effects),
            _pack_times(8, micros(one.accepted_at), 8, shared_micros(one.decided_at)),
        )
    return rows


@lru_cache(maxsize=1024)
def _words(kind: str, actor: str, status: str) -> tuple[bytes, bytes]:
    return text_field(kind), text_field(actor) + text_field(status)


Positions = tuple[list[int], list[int], list[int]]


def positions_of(entries: Sequence[Entry]) -> Positions:
    """How far partitions are applied with these entries: numbers, milliseconds, sequences."""
    last: dict[int, tuple[int, int]] = {}
    for entry in entries:
        if entry.partition >= 0:
            last[entry.partition] = max(last.get(entry.partition, (0, 0)), entry.position)
    return list(last), [p[0] for p in last.values()], [p[1] for p in last.values()]


async def advance(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store in the same transaction how far partitions are applied: Redis is never behind that."""
    positions = positions_of(entries)
    if positions[0]:
        await connection.execute(load_sql(__file__, "advance_partitions"), *positions)
