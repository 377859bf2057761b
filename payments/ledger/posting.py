"""What an operation moves: legs that sum to zero, and reservations of money that stays."""

import struct
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId
from payments.kernel.packing import moment

ENTRY_FIELDS: Final = (
    "account_id", "seq", "amount", "balance", "recorded_at", "operation_id", "book", "currency",
)  # fmt: skip
EntryRow = tuple[int, int, int, int, datetime, UUID, int, int]
"""A row: the values of `ENTRY_FIELDS`."""
_ENTRY: Final = struct.Struct(">hiqiqiqiqiqi16siqih")
pack_entry: Final = _ENTRY.pack
"""A row as COPY takes it: the number of fields, then each with its length in front."""


def entry_of(packed: bytes) -> EntryRow:
    """The values of a packed row."""
    (
        _, _, account_id, _, seq, _, amount, _, balance, _, recorded_us,
        _, operation_id, _, book, _, currency,
    ) = _ENTRY.unpack(packed)  # fmt: skip
    at, id_ = moment(recorded_us), UUID(bytes=operation_id)
    return account_id, seq, amount, balance, at, id_, book, currency


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One future entry: `minor` > 0 credits the account, < 0 debits it."""

    account_id: AccountId
    minor: int


class Reserve(msgspec.Struct, frozen=True, gc=False):
    """A change of an account's pending debits: `minor` > 0 holds money, < 0 releases it."""

    account_id: AccountId
    minor: int


def move(source: AccountId, destination: AccountId, minor: int) -> tuple[Leg, Leg]:
    """The two legs that move `minor` from one account to another."""
    return Leg(source, -minor), Leg(destination, minor)
