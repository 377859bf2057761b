"""A kind of operation: one `Operation` per file, listed once in the registry."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId
from payments.ledger.account import Account
from payments.ledger.balances import Balances
from payments.ledger.chart import AccountSpec
from payments.operations.envelope import Intent
from payments.operations.lapse import Endings, Lapsing
from payments.operations.outcome import Outcome, Refusal, Result
from payments.operations.plain import Plain
from payments.operations.record import Record, Records, Ref

IntentT = TypeVar("IntentT", bound=Intent)
RecordT = TypeVar("RecordT", bound=Record)

NO_ACCOUNTS: tuple[AccountId | AccountSpec, ...] = ()


class State:
    """What `decide` may read: rows and balances after all operations decided before this one."""

    def __init__(self, balances: Balances, records: Records, numbers: dict[str, list[int]]) -> None:
        """`numbers`: fresh sequence values, by sequence name."""
        self.balances = balances
        self.records = records
        self.endings: Endings | None = None
        self._numbers = numbers

    def account(self, account_id: AccountId) -> Account | None:
        """The account with that id, or None."""
        return self.balances.accounts.get(account_id)

    def record(self, type_: type[RecordT], value: Any, by: str = "") -> RecordT | None:
        """The row of a type by a unique column, or None."""
        row = self.records.get(type_, value, by)
        return row if isinstance(row, type_) else None

    def savepoint(self, account_ids: Iterable[AccountId]) -> Callable[[], None]:
        """A function that puts rows and these accounts back to where they are now."""
        undo_balances = self.balances.savepoint(account_ids)
        undo_records = self.records.savepoint()

        def undo() -> None:
            undo_balances()
            undo_records()

        return undo

    def number(self, sequence: str) -> int:
        """The next value of a sequence the operation declared."""
        return self._numbers[sequence].pop()


class Context(msgspec.Struct, frozen=True, gc=False):
    """What the server knows about the operation being decided."""

    operation_id: UUID
    actor: str
    now: datetime
    submitted_at: datetime


class Part(NamedTuple):
    """One of several operations that are applied together or not at all."""

    operation: "Operation[Any]"
    intent: Intent


class UnknownPartError(Exception):
    """A part, or an item of a bulk, is of a kind that this release does not have."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Operation(msgspec.Struct, Generic[IntentT], frozen=True, kw_only=True):
    """A kind of operation.

    `partition_key`: operations that must be applied in order of acceptance share one (the paying
    account).
    `refs`: rows to load; `refs_of_id`: rows derived from the operation's id.
    `accounts`: accounts to lock, called after the rows are loaded; missing house accounts are made.
    `decide`: a pure function from state to outcome.
    `result`: type of the applied result. `refusals`: exactly those it may give, in order of
    precedence.
    `parts`: the operations it is made of, decided in their order, all applied or none.
    `items`: takes a bulk apart into items of a batch, which are decided after it, each on its own.
    `lapsing`: the rows it makes that expire.
    `plain`: how its usual case is decided in few steps.
    """

    kind: str
    intent: type[IntentT]
    result: type[Result]
    partition_key: Callable[[IntentT], int | str]
    decide: Callable[[IntentT, State, Context], Outcome]
    accounts: Callable[[IntentT, State], Iterable[AccountId | AccountSpec]]
    refs: Callable[[IntentT], Iterable[Ref]] | None = None
    refs_of_id: Callable[[UUID], Iterable[Ref]] | None = None
    sequences: Sequence[str] = ()
    lapsing: Lapsing[Any] | None = None
    refusals: tuple[Refusal, ...] = ()
    parts: "Callable[[IntentT], Sequence[Part]] | None" = None
    items: Callable[[Any], Iterable[Any]] | None = None
    plain: Plain[Any] | None = None
