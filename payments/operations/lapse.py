"""Reservations that expire: from then on they no longer count (ADR 0050)."""

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

    `query` reads the open rows of some accounts ($1) that expire until a time ($2), by their ids.
    `account`: where the money is. `ends_at`: None when it does not expire, or has ended. `close`:
    the row after its end, and the reservation it releases.
    """

    type: type[RecordT]
    query: str
    account: Callable[[RecordT], AccountId]
    ends_at: Callable[[RecordT], datetime | None]
    close: Callable[[RecordT], tuple[RecordT, Reserve]]


class Ended(NamedTuple):
    """A reservation that has expired for the operation being decided."""

    after: Record
    reserve: Reserve


class Endings:
    """The rows of a batch that may expire while its operations are decided."""

    def __init__(self, lapsing: Lapsing[Any], records: Records) -> None:
        """`records` holds the rows; this index only maps accounts to them."""
        self.type = lapsing.type
        self._lapsing = lapsing
        self._records = records
        self._keys: dict[AccountId, dict[Any, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def add(self, record: Record) -> None:
        """Add a row that was read or made."""
        if self._lapsing.ends_at(record) is not None:
            self._keys.setdefault(self._lapsing.account(record), {})[record.key()] = None

    def over(self, accounts: Iterable[AccountId], moment: datetime) -> list[Ended]:
        """Reservations on these accounts that have expired by the moment and are not closed yet."""
        ended = []
        for account in dict.fromkeys(accounts):
            for key in self._keys.get(account, ()):
                record = self._records.get(self.type, key)
                ends_at = None if record is None else self._lapsing.ends_at(record)
                if ends_at is not None and ends_at <= moment:
                    ended.append(Ended(*self._lapsing.close(record)))
        return ended
