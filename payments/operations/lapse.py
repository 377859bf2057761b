"""Reservations that end by themselves: from that moment on they do not count (ADR 0050)."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from payments.kernel.ids import AccountId
from payments.ledger.posting import Reserve
from payments.operations.record import Record, Records

RecordT = TypeVar("RecordT", bound=Record)


class Lapsing(msgspec.Struct, Generic[RecordT], frozen=True, kw_only=True):
    """A type of rows that reserve money until a time.

    `query` locks and reads those of some accounts ($1) that are open and end until a time ($2).
    `account`: where the money is. `ends_at`: None when it does not end by itself, or has ended.
    `close`: the row after its end, and what it lets go.
    """

    type: type[RecordT]
    query: str
    account: Callable[[RecordT], AccountId]
    ends_at: Callable[[RecordT], datetime | None]
    close: Callable[[RecordT], tuple[RecordT, Reserve]]


class Ended(NamedTuple):
    """A reservation that has ended for the operation being decided."""

    after: Record
    reserve: Reserve


class Endings:
    """The rows of a batch that may end while its operations are decided."""

    def __init__(self, lapsing: Lapsing[Any], records: Records) -> None:
        """`records` keeps the rows; here is only which belong to which account."""
        self.type = lapsing.type
        self._lapsing = lapsing
        self._records = records
        self._keys: dict[AccountId, dict[Any, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add(self, record: Record) -> None:
        """A row that was read or made."""
        if self._lapsing.ends_at(record) is not None:
            self._keys.setdefault(self._lapsing.account(record), {})[record.key()] = None

    def over(self, accounts: Iterable[AccountId], moment: datetime) -> list[Ended]:
        """What has ended on these accounts until the moment, and is not closed yet."""
        found = []
        for account in dict.fromkeys(accounts):
            for key in self._keys.get(account, ()):
                record = self._records.get(self.type, key)
                ends_at = None if record is None else self._lapsing.ends_at(record)
                if ends_at is not None and ends_at <= moment:
                    found.append(Ended(*self._lapsing.close(record)))
        return found
