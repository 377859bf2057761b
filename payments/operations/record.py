"""Rows besides the ledger: locked and loaded before deciding, written after, both in bulk."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import msgspec
import sqlalchemy as sa

from payments.kernel.database import Connection
from payments.kernel.packing import copy_packed
from payments.operations.record_sql import LOCK, LOCK_FREE, existing, select, update
from payments.operations.record_values import record_of, to_row
from payments.operations.written import as_written


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of a capability's table; fields are named like columns, enums stored by value.

    `table` is the SQLAlchemy table; `keys` are unique columns it can be looked up by, the primary
    key first.
    """

    table: ClassVar[sa.Table]
    keys: ClassVar[tuple[str, ...]] = ("id",)
    is_fixed: ClassVar[bool] = False
    """No operation changes such a row: it is read without a lock, by batches beside each other."""
    is_packed: ClassVar[bool] = False
    """New rows refer to nothing and are written by `packed`, before all others."""
    joined: ClassVar[tuple[type["Record"], type["Joined"]] | None] = None
    """Another type, and what a new row of this one and a new row of that one make together."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Those that a new row is written with."""
        return cls.__struct_fields__

    def key(self) -> Any:
        """The value of the primary key."""
        return getattr(self, self.keys[0])

    @classmethod
    def beside(cls, rows: Sequence[Self]) -> Iterable["Record"]:  # noqa: ARG003
        """More rows that are written with new ones of this type."""
        return ()

    def row(self) -> Any:
        """Something that JSON has the columns of."""
        return self

    def packed(self) -> bytes:
        """The row in binary COPY, with the number of its fields in front."""
        raise NotImplementedError

    def changed(self, **values: Any) -> Self:
        return msgspec.structs.replace(self, **values)


class Joined(Record, frozen=True):
    """A new row that is one of two types: its table inherits from the tables of both."""

    stands_for: ClassVar[tuple[type[Record], ...]] = ()
    """The two types."""

    @classmethod
    def join(
        cls, ones: Sequence[Record], others: Sequence[Record]
    ) -> tuple[list[Record], list[Record], list[Record]]:
        """New rows of each of the two types that are left, and those of one id as one row."""
        raise NotImplementedError


class PlainRow(Joined, frozen=True):
    """A new row that is both the thing an operation made and its transaction."""

    written_as: ClassVar[type[Joined]]

    def parts(self) -> tuple[Record, Record]:
        """The thing and the transaction, for whoever asks for one of them."""
        raise NotImplementedError


class Ref(NamedTuple):
    """A row an operation needs: type, value, and the unique column (empty: primary key)."""

    type: type[Record]
    value: Any
    by: str = ""

    def normal(self) -> "Ref":
        """The same with the name of the column."""
        return self if self.by else Ref(self.type, self.value, self.type.keys[0])


Timed = Callable[..., Awaitable[Sequence[Any]]]
"""Runs a statement that reads rows of a type: `timed(connection, type, query, *arguments)`."""


async def _untimed(
    connection: Connection, _type: type[Record], query: str, *arguments: Any
) -> Sequence[Any]:
    return await connection.fetch(query, *arguments)


class Records:
    """The rows of one batch: as loaded, and as changed by operations."""

    def __init__(self) -> None:
        """Empty; `load` fills it. Puts of the types `watched` are noted in `changes`.

        `_fresh`: new rows of types of which no row was loaded or looked up: they need no index yet,
        and are nearly all that a batch of transfers makes.
        """
        self._rows: dict[tuple[type[Record], str, Any], Record] = {}
        self._loaded: set[tuple[type[Record], Any]] = set()
        self._puts: dict[type[Record], dict[Any, Record]] = {}
        self._types: set[type[Record]] = set()
        self._fresh: dict[type[Record], list[Record]] = {}
        self._plain: dict[type[Joined], list[PlainRow]] = {}
        self.watched: frozenset[type[Record]] = frozenset()
        self.changes: list[tuple[Record | None, Record]] = []

    def get(self, type_: type[Record], value: Any, by: str = "") -> Record | None:
        """The row after the operations decided so far."""
        self._index_fresh(type_)
        return self._rows.get((type_, by or type_.keys[0], value))

    def put(self, record: Record) -> None:
        """Store a row made or changed; later operations of the batch see it."""
        type_ = type(record)
        if type_.is_packed and type_ not in self._types:
            self._fresh.setdefault(type_, []).append(record)
            if type_ in self.watched:
                self.changes.append((None, record))
            return
        if type_ in self.watched:
            self._types.add(type_)
            # One look-up for what was there and for noting the new row: hashing a UUID is slow.
            count = len(self._rows)
            before = self._rows.setdefault((type_, type_.keys[0], record.key()), record)
            is_new = len(self._rows) > count
            self.changes.append((None if is_new else before, record))
            if not is_new or len(type_.keys) > 1:
                self._index(record)
        else:
            self._index(record)
        self._puts.setdefault(type_, {})[record.key()] = record

    def put_plain(self, row: PlainRow) -> None:
        """Store a new row that is two; they are made when somebody asks for one."""
        both = row.written_as
        if self._types and not self._types.isdisjoint(both.stands_for):
            for part in row.parts():
                self.put(part)
            return
        self._plain.setdefault(both, []).append(row)
        if self.watched:
            self.changes.append((None, row))

    def _index_fresh(self, type_: type[Record]) -> None:
        for both in [one for one in self._plain if type_ in one.stands_for]:
            for row in self._plain.pop(both):
                for part in row.parts():
                    self._keep_new(part)
        for record in self._fresh.pop(type_, ()):
            self._keep_new(record)

    def _keep_new(self, record: Record) -> None:
        self._index(record)
        self._puts.setdefault(type(record), {})[record.key()] = record

    def touches(self, ref: Ref) -> bool:
        """True when the row of a reference was loaded to be changed, made or changed here."""
        by = ref.by or ref.type.keys[0]
        self._index_fresh(ref.type)
        return not ref.type.is_fixed and (ref.type, by, ref.value) in self._rows

    def has(self, type_: type[Record]) -> bool:
        """True when there is a row of that type."""
        return (
            type_ in self._types
            or type_ in self._fresh
            or any(type_ in both.stands_for for both in self._plain)
        )

    def savepoint(self) -> Callable[[], None]:
        """A function that puts the rows back to what they are now."""
        rows, puts = dict(self._rows), {type_: dict(rows) for type_, rows in self._puts.items()}
        fresh = {type_: list(rows) for type_, rows in self._fresh.items()}
        plain = {both: list(rows) for both, rows in self._plain.items()}

        def undo() -> None:
            self._rows, self._puts, self._fresh, self._plain = rows, puts, fresh, plain

        return undo

    def _index(self, record: Record) -> None:
        type_ = type(record)
        self._types.add(type_)
        for name in type_.keys:
            self._rows[type_, name, getattr(record, name)] = record

    async def load(
        self,
        connection: Connection,
        refs: Iterable[Ref],
        *,
        waits: bool = True,
        timed: Timed = _untimed,
    ) -> frozenset[Ref]:
        """Lock and read rows: one statement per type and key column, sorted by primary key.

        Without `waits`: pass over the rows that somebody else has locked, and give them.
        """
        values_by_key: dict[tuple[type[Record], str], set[Any]] = {}
        for ref in refs:
            values_by_key.setdefault((ref.type, ref.by or ref.type.keys[0]), set()).add(ref.value)
        busy: set[Ref] = set()
        for type_, by in sorted(values_by_key, key=lambda k: (k[0].table.name, k[1])):
            values = values_by_key[type_, by]
            lock = "" if type_.is_fixed else LOCK if waits else LOCK_FREE
            query = select(type_.table, type_.__struct_fields__, by, type_.keys[0], lock)
            for row in await timed(connection, type_, query, list(values)):
                record = record_of(type_, dict(row))
                self.keep((record,))
                values.discard(getattr(record, by))
            if values and not waits and not type_.is_fixed:
                rows = await timed(connection, type_, existing(type_.table, by), list(values))
                busy |= {Ref(type_, row[0], by) for row in rows}
        return frozenset(busy)

    def keep(self, rows: Iterable[Record]) -> None:
        """Rows that a capability's own query has locked and read."""
        for record in rows:
            self._loaded.add((type(record), record.key()))
            self._index(record)

    def only_new(self) -> dict[type[Record], list[Record]] | None:
        """New rows by type, in the order of their tables; None when a row was loaded."""
        if self._loaded:
            return None
        return as_written(
            {
                type_: [*self._puts.get(type_, {}).values(), *self._fresh.get(type_, ())]
                for type_ in {*self._puts, *self._fresh}
            }
            | self._plain
        )

    async def write_packed(self, connection: Connection) -> None:
        """Write new rows of the types that pack them."""
        new: dict[type[Record], list[Record]] = {}
        for type_ in {*(t for t in self._puts if t.is_packed), *self._fresh}:
            puts = self._puts.get(type_, {})
            new[type_] = [r for k, r in puts.items() if (type_, k) not in self._loaded]
            new[type_] += self._fresh.get(type_, ())
        for type_, rows in as_written(new | self._plain).items():
            packed = [row.packed() for row in rows]
            await copy_packed(connection, type_.table.name, type_.columns(), packed)

    async def write(self, connection: Connection) -> None:
        """Write other new rows by COPY, changed rows by one UPDATE per table."""
        for type_ in sorted(self._puts, key=lambda t: t.table.name):
            assert not type_.is_fixed, "rows of this type are read without a lock"
            puts = self._puts[type_]
            new = [r for k, r in puts.items() if (type_, k) not in self._loaded]
            old = sorted((r for k, r in puts.items() if (type_, k) in self._loaded), key=Record.key)
            if new and not type_.is_packed:
                await connection.copy_records_to_table(
                    type_.table.name,
                    columns=type_.__struct_fields__,
                    records=[to_row(r) for r in new],
                )
            if old:
                columns = list(zip(*(to_row(r) for r in old), strict=True))
                query = update(type_.table, type_.__struct_fields__, type_.keys[0])
                await connection.execute(query, *columns)
