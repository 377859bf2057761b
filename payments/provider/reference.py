"""The provider's reference of a payout or deposit, derived from its operation.

After a restore, a request repeated under its key is the same operation and therefore the same
transaction at the provider: it cannot be paid twice. Version 0.1.0 drew the numbers from a
sequence, which a restore sets back; those stay below 2^52, the derived ones start there.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from payments.operations.record import Record, Ref

_FIRST: Final = 1 << 52
_HASH_BITS: Final = 51


def payout_reference(operation_id: UUID) -> int:
    """An even number in [2^52, 2^53): exact in every JSON reader, and within SuperPay's limit."""
    return _FIRST + (_digest(operation_id) << 1)


def deposit_reference(operation_id: UUID) -> int:
    """The payout reference plus one: odd, so it never equals a payout's."""
    return payout_reference(operation_id) + 1


def by_reference(
    type_: type[Record], reference: Callable[[UUID], int]
) -> Callable[[UUID], Iterable[Ref]]:
    """Ref to a row that already has the reference of an operation."""
    return lambda operation_id: (Ref(type_, reference(operation_id), "merchant_id"),)


def _digest(operation_id: UUID) -> int:
    digest = hashlib.sha256(b"provider reference" + operation_id.bytes).digest()
    return int.from_bytes(digest[:8]) >> (64 - _HASH_BITS)
