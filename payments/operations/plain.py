"""The usual case of an operation that only moves money between two wallets, decided in few steps.

Whatever is unusual is left to the operation's `decide`: a refusal, a hold, an account that is
frozen or owes. Both ways write the same rows (ADR 0210; `tests/integration/test_plain.py`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId, sortable_id
from payments.kernel.money import CURRENCIES, format_minor
from payments.operations.envelope import Envelope, Intent
from payments.operations.outcome import Result
from payments.operations.record import PlainRow

IntentT = TypeVar("IntentT", bound=Intent)


class Plain(msgspec.Struct, Generic[IntentT], frozen=True, kw_only=True):
    """How an operation says what it moves and makes.

    `moves`: payer, receiver, minor units and currency. `row`: by the id of the thing, the ISO 4217
    number of the currency and the time. `result`: by that id and both balances afterwards.
    """

    moves: Callable[[IntentT], tuple[AccountId, AccountId, int, str]]
    row: Callable[[IntentT, Envelope, UUID, int, datetime], PlainRow]
    result: Callable[[UUID, str, str], Result]

    def decide(
        self, intent: IntentT, envelope: Envelope, state: Any, now: datetime
    ) -> Result | None:
        """Move the money and put the row; None, and nothing has changed, where that is not all."""
        payer, receiver, minor, currency = self.moves(intent)
        after = state.balances.move(payer, receiver, minor, currency, envelope.operation_id, now)
        if after is None:
            return None
        money = CURRENCIES[currency]
        id_ = sortable_id(envelope.operation_id, now)
        state.records.put_plain(self.row(intent, envelope, id_, money.number, now))
        return self.result(id_, format_minor(after[0], money), format_minor(after[1], money))
