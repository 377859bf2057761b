"""What an operation moves: legs that sum to zero, and reservations of money that stays."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId

ENTRY_FIELDS: Final = (
    "account_id", "seq", "amount", "balance", "recorded_at", "operation_id", "book", "currency",
)  # fmt: skip
EntryRow = tuple[int, int, int, int, datetime, UUID, int, int]
"""A row: the values of `ENTRY_FIELDS`."""


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
