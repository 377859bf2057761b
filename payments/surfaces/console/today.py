"""Today: what came in, what waits, what needs somebody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.approvals.queries import count_waiting
from payments.bankpayments.queries import count_unmatched
from payments.breaks.queries import at_risk
from payments.callbacks.queries import count_needing
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import Kind
from payments.ledger.queries import house_balances
from payments.operations.figures import Minute, MinuteCounts, count_parked
from payments.payouts.due import count_stuck, count_watched
from payments.surfaces.console.access import page_access, seat_of
from payments.surfaces.console.charts import Series, bars
from payments.surfaces.console.config import CheckRunner, Gate
from payments.surfaces.console.render import page

WINDOW: Final = timedelta(minutes=30)


@get("/console", access=page_access(sees_accepted=False))
async def today(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    gate: NamedDependency[Gate],
    runner: NamedDependency[CheckRunner],
    counts: NamedDependency[MinuteCounts],
) -> Reply:
    """What an operator looks at first; each figure leads to its list."""
    now = seat_of(request).now
    minutes = await counts.recent(WINDOW, now)
    breaks, risks = await at_risk(engine)
    suspense = await house_balances(engine, Kind.SUSPENSE)
    return page(
        request,
        "today.html",
        at="/console",
        chart=_chart(minutes),
        decided=sum(m.applied for m in minutes or ()),
        refused=sum(m.refused for m in minutes or ()),
        is_counted=minutes is not None,
        backlog=gate.backlog(),
        backlog_s=await gate.oldest_s(),
        closed_reason=gate.closed_reason(),
        payouts=await count_watched(engine),
        stuck=sum((await count_stuck(engine, now)).values()),
        breaks=breaks,
        risks=_amounts(risks),
        suspense=_amounts(suspense),
        unmatched=await count_unmatched(engine),
        callbacks=await count_needing(engine),
        letters=await count_parked(engine),
        approvals=await count_waiting(engine),
        checked=await runner.last(),
    )


def _chart(minutes: Sequence[Minute] | None) -> object:
    if not minutes:
        return ""
    labels = [f"{m.at:%H:%M}" for m in minutes]
    applied = Series("applied", "good", [m.applied for m in minutes])
    refused = Series("refused", "bad", [m.refused for m in minutes])
    accepted = Series("accepted", "wait", [m.accepted for m in minutes])
    return bars("Operations a minute", labels, [applied, refused], accepted)


def _amounts(by_currency: dict[str, int]) -> list[tuple[str, str]]:
    return [
        (format_minor(minor, currency_of(code)), code)
        for code, minor in sorted(by_currency.items())
        if minor
    ]


HANDLERS: Final = (today,)
