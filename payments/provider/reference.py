"""The provider's reference of a payout or deposit: derived from its operation, the same for ever.

Whatever is restored, a request that is repeated under its key is the same operation, and so the
same transaction at the provider: it cannot be paid a second time. Version 0.1.0 drew the numbers
from a sequence, which a restore sets back; those stay below 2^52, and these begin there.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from payments.operations.record import Record, Ref

_FIRST: Final = 1 << 52
_HASH_BITS: Final = 51


def payout_reference(operation_id: UUID) -> int:
    """An even number from 2^52 to below 2^53: exact in every JSON reader, and SuperPay's limit."""
    return _FIRST + (_digest(operation_id) << 1)


def deposit_reference(operation_id: UUID) -> int:
    """The same, odd: no deposit has the number of a payout."""
    return payout_reference(operation_id) + 1


def by_reference(
    type_: type[Record], reference: Callable[[UUID], int]
) -> Callable[[UUID], Iterable[Ref]]:
    """The row, if any, that has the reference of an operation already."""
    return lambda operation_id: (Ref(type_, reference(operation_id), "merchant_id"),)


def _digest(operation_id: UUID) -> int:
    digest = hashlib.sha256(b"provider reference" + operation_id.bytes).digest()
    return int.from_bytes(digest[:8]) >> (64 - _HASH_BITS)
