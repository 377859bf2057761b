"""The alarm for late statements: an account whose newest day is older than it may be."""

from typing import Final

import structlog
from prometheus_client import Gauge

from payments.statements.account_list import late_accounts
from scheduler.job import Tools

LATE: Final = Gauge(
    "payments_statement_days_late",
    "Days since the account's statement should have come",
    ["account"],
)
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns how many accounts wait for a statement; importing it ends the alarm."""
    late = await late_accounts(tools.engine, tools.clock().date())
    for account, days in late.items():
        LATE.labels(account).set(days)
    missing = {account: days for account, days in late.items() if days}
    if missing:
        oldest = max(missing, key=lambda account: missing[account])
        _log.error("statements_late", count=len(missing), oldest=oldest, days=missing[oldest])
    return len(missing)
