"""Metrics and alarms for what waits for an operator, and how much money it is."""

from collections.abc import Mapping
from typing import Final

import structlog
from prometheus_client import Gauge

from payments.bankpayments.queries import count_unmatched
from payments.breaks.queries import at_risk
from payments.callbacks.queries import count_needing
from payments.ledger.chart import Kind
from payments.ledger.queries import house_balances
from payments.payouts.due import count_watched
from scheduler.job import Tools

BREAKS: Final = Gauge("payments_breaks_open", "Breaks that nobody has resolved")
AT_RISK: Final = Gauge(
    "payments_money_at_risk_minor", "Money at risk in open breaks, minor units", ["currency"]
)
SUSPENSE: Final = Gauge(
    "payments_suspense_minor", "Money received that has no owner yet, minor units", ["currency"]
)
PAYOUTS: Final = Gauge("payments_payouts", "Payouts that have not ended", ["state"])
CALLBACKS: Final = Gauge(
    "payments_callbacks_unmatched", "Callbacks that fit nothing of ours or cannot be used"
)
BANK_PAYMENTS: Final = Gauge(
    "payments_bank_payments_unmatched", "Bank payments in suspense, without an organization"
)

_shown: Final[dict[Gauge, set[str]]] = {}
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns how many breaks, callbacks and bank payments wait for an operator."""
    engine = tools.engine
    breaks, risks = await at_risk(engine)
    callbacks, bank_payments = await count_needing(engine), await count_unmatched(engine)
    _show(AT_RISK, risks)
    _show(SUSPENSE, await house_balances(engine, Kind.SUSPENSE))
    _show(PAYOUTS, await count_watched(engine))
    for gauge, count, event in (
        (BREAKS, breaks, "breaks_open"),
        (CALLBACKS, callbacks, "callbacks_wait"),
        (BANK_PAYMENTS, bank_payments, "bank_payments_unmatched"),
    ):
        gauge.set(count)
        if count:
            _log.warning(event, count=count)
    return breaks + callbacks + bank_payments


def _show(gauge: Gauge, values: Mapping[str, int]) -> None:
    """Set a gauge; a label that no longer has a value becomes 0, so that its alarm ends."""
    labels = _shown.setdefault(gauge, set())
    labels.update(values)
    for label in labels:
        gauge.labels(label).set(values.get(label, 0))
