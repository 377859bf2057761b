"""The transaction of an operation: one row for everything that moves money, written by the engine.

No kind of operation can forget it. Its postings are the legs in pairs: from where to where.
"""

import struct
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final, Self
from uuid import UUID

import msgspec
import sqlalchemy as sa

from payments.kernel.ids import AccountId, sortable_id
from payments.kernel.money import CURRENCIES
from payments.kernel.packing import (
    NULL,
    bytes_of,
    micros,
    repeated_field,
    shared_micros,
    text_field,
)
from payments.ledger.account import Account
from payments.ledger.posting import Leg
from payments.ledger.tables import backdated_entries
from payments.operations.envelope import Envelope
from payments.operations.outcome import About, Applied
from payments.operations.record import Record
from payments.operations.tables import transaction_amounts, transaction_traits, transactions

PAIR: Final = 2
_NOTHING: Final = About()
_PACKED: Final = (
    "id", "operation_id", "kind", "actor", "currency_number", "minor", "postings", "created_at",
    "reference", "metadata", "effective_at", "reversed_by", "description", "reversal_of",
)  # fmt: skip
_TWO: Final = struct.pack(">h", 2)
_SIX_NULLS: Final = NULL * 6
_encode: Final = msgspec.json.Encoder().encode
_pack_ids: Final = struct.Struct(">hi16si16s").pack
_pack_amount: Final = struct.Struct(">ihiqi").pack
_pack_id: Final = struct.Struct(">i16s").pack
_pack_time: Final = struct.Struct(">iq").pack


class Transaction(Record, frozen=True):
    """A row; `postings` is `[[source, destination, minor, currency number], …]`.

    `minor` and `currency_number` are those of the first posting.
    """

    table: ClassVar[sa.Table] = transactions
    is_packed: ClassVar[bool] = True

    id: UUID
    operation_id: UUID
    kind: str
    actor: str
    currency_number: int
    minor: int
    postings: msgspec.Raw
    created_at: datetime
    reference: str | None
    description: str | None
    metadata: msgspec.Raw | None
    effective_at: datetime | None
    reversal_of: UUID | None
    reversed_by: UUID | None

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """In the order in which they are packed."""
        return _PACKED

    @classmethod
    def beside(cls, rows: Sequence[Self]) -> Iterator["TransactionTrait"]:
        """What a list by kind, caller or currency finds them by."""
        traits = {(t.created_at, t.kind, t.actor, t.currency_number) for t in rows}
        for created_at, trait in {
            (created_at, trait)
            for created_at, kind, actor, number in traits
            for trait in (f"kind:{kind}", f"actor:{actor}", f"currency:{number}")
        }:
            yield TransactionTrait(trait, created_at)

    def packed(self) -> bytes:
        """As COPY takes it."""
        head = (
            _pack_ids(14, 16, bytes_of(self.id), 16, bytes_of(self.operation_id)),
            repeated_field(self.kind),
            repeated_field(self.actor),
            _pack_amount(2, self.currency_number, 8, self.minor, len(self.postings)),
            self.postings,
            _pack_time(8, shared_micros(self.created_at)),
        )
        if self.is_bare():
            return b"".join((*head, _SIX_NULLS))
        return b"".join(
            (
                *head,
                packed_says(self),
                NULL if self.description is None else text_field(self.description),
                NULL if self.reversal_of is None else _pack_id(16, self.reversal_of.bytes),
            )
        )

    def is_bare(self) -> bool:
        """True when it says nothing beside its postings."""
        return (
            self.reference is None
            and self.description is None
            and self.metadata is None
            and self.effective_at is None
            and self.reversal_of is None
            and self.reversed_by is None
        )


def packed_says(transaction: Transaction) -> bytes:
    """The reference, the metadata, the effective time and the reversal, packed."""
    one = transaction
    return b"".join(
        (
            NULL if one.reference is None else text_field(one.reference),
            NULL if one.metadata is None else text_field(bytes(one.metadata).decode()),
            NULL if one.effective_at is None else _pack_time(8, micros(one.effective_at)),
            NULL if one.reversed_by is None else _pack_id(16, one.reversed_by.bytes),
        )
    )


class TransactionTrait(Record, frozen=True):
    """Some transaction of this time is of this kind, caller or currency."""

    table: ClassVar[sa.Table] = transaction_traits
    is_packed: ClassVar[bool] = True

    trait: str
    created_at: datetime

    def packed(self) -> bytes:
        """As COPY takes it."""
        return b"".join(
            (
                _TWO,
                text_field(self.trait),
                _pack_time(8, shared_micros(self.created_at)),
            )
        )


class TransactionAmount(Record, frozen=True, kw_only=True):
    """The amount of a posting after the first, so that a search by amount finds it."""

    table: ClassVar[sa.Table] = transaction_amounts
    keys: ClassVar[tuple[str, ...]] = ("transaction_id", "position")

    transaction_id: UUID
    position: int
    currency: int
    minor: int
    created_at: datetime

    def key(self) -> tuple[UUID, int]:
        """Both columns."""
        return self.transaction_id, self.position


class BackdatedEntry(Record, frozen=True, kw_only=True):
    """What a transaction with an effective time moved on an account, up to its entry `seq`."""

    table: ClassVar[sa.Table] = backdated_entries
    keys: ClassVar[tuple[str, ...]] = ("account_id", "seq")

    account_id: int
    seq: int
    minor: int
    effective_at: datetime

    def key(self) -> tuple[int, int]:
        """Both columns."""
        return self.account_id, self.seq


def backdated_of(
    outcome: Applied, accounts: Mapping[AccountId, Account], effective_at: datetime
) -> Iterator[BackdatedEntry]:
    """A row for each account whose balance the legs, which are posted, have changed."""
    moved: dict[AccountId, int] = {}
    for leg in outcome.legs:
        moved[leg.account_id] = moved.get(leg.account_id, 0) + leg.minor
    for account_id, minor in moved.items():
        if minor:
            yield BackdatedEntry(
                account_id=account_id,
                seq=accounts[account_id].version,
                minor=minor,
                effective_at=effective_at,
            )


def transaction_of(
    envelope: Envelope, outcome: Applied, accounts: Mapping[AccountId, Account], now: datetime
) -> Transaction:
    """The row of an operation that moves money."""
    legs = outcome.legs
    about = outcome.about or _NOTHING
    postings = (
        [_pair(legs, accounts)]
        if len(legs) == PAIR
        else [list(posting) for posting in postings_of(legs, accounts)]
    )
    _, _, minor, currency = postings[0]
    return Transaction(  # by place: names cost twice as much
        sortable_id(envelope.operation_id, now),
        envelope.operation_id,
        envelope.kind,
        envelope.actor,
        currency,
        minor,
        msgspec.Raw(_encode(postings)),
        now,
        about.reference,
        about.description,
        about.metadata,
        about.effective_at,
        about.reversal_of,
        None,
    )


def amounts_of(transaction: Transaction) -> Iterator[TransactionAmount]:
    """What a search by amount must find beside the first posting."""
    postings: list[tuple[int, int, int, int]] = msgspec.json.decode(transaction.postings)
    known = {(transaction.currency_number, transaction.minor)}
    for position, (_, _, minor, currency) in enumerate(postings):
        if (currency, minor) not in known:
            known.add((currency, minor))
            yield TransactionAmount(
                transaction_id=transaction.id,
                position=position,
                currency=currency,
                minor=minor,
                created_at=transaction.created_at,
            )


def _pair(legs: Sequence[Leg], accounts: Mapping[AccountId, Account]) -> list[int]:
    payer, receiver = legs if legs[0].minor < 0 else (legs[1], legs[0])
    number = CURRENCIES[accounts[payer.account_id].currency].number
    return [payer.account_id, receiver.account_id, receiver.minor, number]


def postings_of(
    legs: Sequence[Leg], accounts: Mapping[AccountId, Account]
) -> Iterator[tuple[int, int, int, int]]:
    """Legs in pairs: each debit meets the credits of its book and currency in their order."""
    waiting: dict[tuple[int, str], deque[list[int]]] = {}
    for leg in legs:
        account = accounts[leg.account_id]
        others = waiting.setdefault((account.book, account.currency), deque())
        left = leg.minor
        while left and others and (others[0][1] < 0) is (left > 0):
            other, its = others[0]
            minor = min(abs(left), abs(its))
            pair = (other, leg.account_id) if left > 0 else (leg.account_id, other)
            yield (*pair, minor, CURRENCIES[account.currency].number)
            sign = 1 if left > 0 else -1
            left -= sign * minor
            others[0][1] += sign * minor
            if others[0][1] == 0:
                others.popleft()
        if left:
            others.append([leg.account_id, left])
