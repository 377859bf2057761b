"""Transfers as events tell them."""

from typing import Final

from payments.operations.telling import Tells
from payments.transfers.queries import transfer_view
from payments.transfers.tables import Transfer

TELLS: Final = Tells(
    record=Transfer,
    noun="transfer",
    view=lambda transfer, _state, _now: transfer_view(transfer),
)
