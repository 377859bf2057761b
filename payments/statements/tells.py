"""Lines of statements as events tell them: as `GET /v1/statements/{id}/lines` lists them."""

from datetime import datetime
from typing import Final

from payments.bankpayments.tables import BankPayment
from payments.operations.operation import State
from payments.operations.telling import Tells
from payments.statements.line_list import LineView, line_view
from payments.statements.status import LineState
from payments.statements.tables import Claim, StatementLine


def view(line: StatementLine, state: State, _now: datetime) -> LineView:
    """The line; matched when its payment has a webhook or an owner."""
    payment = state.record(BankPayment, line.id)
    is_met = payment is not None and (
        payment.webhook_id is not None or payment.matched_at is not None
    )
    shown = LineState.MATCHED.value if is_met else line.state.value
    claim = state.record(Claim, line.id)
    return line_view(line, shown, None if claim is None else claim.claim_id)


TELLS: Final = Tells(record=StatementLine, noun="statement_line", view=view)
