"""Transfers as events tell them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.events.event import Packing
from payments.kernel.ids import sortable_id
from payments.operations.telling import Tells
from payments.transfers.queries import TransferView, transfer_view
from payments.transfers.tables import Transfer


class _Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Stored for ever: what is added stands at the end and has a default."""

    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    description: str


_decode: Final = msgspec.json.Decoder(_Packed).decode


def pack(transfer: Transfer) -> tuple[Any, ...] | None:
    """A transfer as its operation made it: its id and its time are the operation's."""
    if transfer.reversed_minor or transfer.reversal_of is not None:
        return None
    return (
        transfer.source_wallet_id,
        transfer.destination_wallet_id,
        transfer.minor,
        transfer.currency,
        transfer.description,
    )


def unpack(values: msgspec.Raw, operation_id: UUID, decided_at: datetime) -> TransferView:
    """The transfer as its GET gave it then: nothing of it had gone back."""
    packed = _decode(values)
    return transfer_view(
        Transfer(
            id=sortable_id(operation_id, decided_at),
            source_wallet_id=packed.source_wallet_id,
            destination_wallet_id=packed.destination_wallet_id,
            minor=packed.minor,
            currency=packed.currency,
            reversed_minor=0,
            reversal_of=None,
            description=packed.description,
            created_at=decided_at,
        )
    )


TELLS: Final = Tells(
    record=Transfer,
    noun="transfer",
    view=lambda transfer, _state, _now: transfer_view(transfer),
    packing=Packing(pack=pack, unpack=unpack),
)
