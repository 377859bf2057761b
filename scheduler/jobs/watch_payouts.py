"""The alarm for payouts without an outcome: 15 minutes unknown, 24 hours accepted."""

from typing import Final

import structlog
from prometheus_client import Gauge

from payments.payouts.due import count_stuck
from payments.payouts.explain import STUCK_AFTER_S
from scheduler.job import Tools

STUCK: Final = Gauge("payments_payouts_stuck", "Payouts too long in a state", ["state"])
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns how many are stuck; `GET /v1/payouts?stuck=true` lists them."""
    counts = await count_stuck(tools.engine, tools.clock())
    for state in STUCK_AFTER_S:
        count = counts.get(state.value, 0)
        STUCK.labels(state.value).set(count)
        if count:
            _log.error("payouts_stuck", state=state.value, count=count)
    return sum(counts.values())
