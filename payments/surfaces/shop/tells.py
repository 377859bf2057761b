"""Top-ups and purchases as events tell them: as `GET /shop/transactions` lists them."""

from datetime import datetime
from typing import Final

import msgspec

from payments.bills.queries import TransactionView
from payments.bills.tables import BillTransaction
from payments.operations.operation import State
from payments.operations.telling import Tells
from payments.surfaces.shop.answers import TransactionAnswer, transaction_answer


def view(row: BillTransaction, _state: State, _now: datetime) -> TransactionAnswer:
    """The transaction as its user sees it."""
    return transaction_answer(TransactionView(**msgspec.structs.asdict(row)))


TELLS: Final = tuple(
    Tells(record=BillTransaction, noun=noun, view=view) for noun in ("bill", "purchase")
)
