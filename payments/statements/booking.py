"""Lines that are kept and not booked yet: their operations, and sending them."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.meeting import MOSCOW, payer_of
from payments.kernel.sql import load_sql
from payments.operations.after_discard import renewed
from payments.operations.bulk import bulk, together
from payments.operations.submit import Request, Submitter, Ticket, keyed
from payments.statements.book import OPERATION
from payments.statements.counterpart import BookLine
from payments.statements.line import LineKind

ACTOR: Final = "system:statements"
BATCH: Final = 4000
"""Lines that are read at once; those of one partition are sent together."""
TOGETHER_MAX: Final = 500
AT_ONCE: Final = 2
"""Batches on their way at once."""
_DESCRIPTION_MAX: Final = 1000
Progress = Callable[[str, int], None]
"""Hears how far an import is: what is done (read, kept, booked), and of how many lines."""
_UNBOOKED: Final = load_sql(__file__, "unbooked_lines")


def unheard(_done: str, _count: int) -> None:
    """Nobody listens."""


async def book_lines(
    engine: AsyncEngine,
    submitter: Submitter,
    *,
    statement_id: UUID | None = None,
    wait_s: float = 0,
    progress: Progress = unheard,
) -> int:
    """Book what is kept and not booked, of one statement or of all; gives how many were sent.

    Lines that take others back are sent when those are booked. Some batches are on their way at
    once, so that the consumer always has full ones. Raises `Unavailable`.
    """
    sent = 0
    after: UUID | None = None
    sending: deque[asyncio.Task[int]] = deque()
    try:
        while requests := await _requests(engine, statement_id, after):
            after = _line_of(requests[-1])
            sending.append(asyncio.create_task(_send(engine, submitter, requests, wait_s)))
            if len(sending) >= AT_ONCE:
                sent += await sending.popleft()
                progress("booked", sent)
        while sending:
            sent += await sending.popleft()
            progress("booked", sent)
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
    return sent


async def _send(
    engine: AsyncEngine, submitter: Submitter, requests: Sequence[Request], wait_s: float
) -> int:
    """Send them, those of one partition together, so that webhooks of a payer keep their order."""
    partitions: defaultdict[int, list[Request]] = defaultdict(list)
    for request in await renewed(engine, requests):
        partitions[submitter.partition_of(request)].append(request)
    whole = bulk([OPERATION])
    bulks = [
        together(whole, some[first : first + TOGETHER_MAX], actor=ACTOR)
        for some in partitions.values()
        for first in range(0, len(some), TOGETHER_MAX)
    ]
    for answer in await submitter.many(bulks, wait_s):
        if not isinstance(answer, Ticket):
            raise answer
    return len(requests)


def _line_of(request: Request) -> UUID:
    assert isinstance(request.intent, BookLine)
    return request.intent.line_id


async def _requests(
    engine: AsyncEngine, statement_id: UUID | None, after: UUID | None
) -> Sequence[Request]:
    values = (statement_id, after or UUID(int=0), BATCH)
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql(_UNBOOKED, values)).all()
    return [_request(row) for row in rows]


def _request(row: Any) -> Request:
    intent = BookLine(
        line_id=row.id,
        account_number=row.account_number,
        provider=_provider(row.format),
        currency=row.currency,
        minor=row.minor,
        kind=LineKind(row.kind),
        inn=payer_of(row.inn) if row.minor > 0 else row.inn,
        document_number=_document_number(row),
        document_date=_midnight(row.document_date or row.posted),
        description=row.purpose[:_DESCRIPTION_MAX],
        payout_id=row.payout_id,
        reverses=row.reverses,
        owner_id=row.owner_id,
        deposit_id=row.deposit_id,
        fee_minor=row.fee_minor,
        is_alone=row.is_alone,
        is_settlement=row.is_settlement,
    )
    return keyed(OPERATION, intent, actor=ACTOR, key=str(row.id), scope=OPERATION.kind)


def _document_number(row: Any) -> str:
    """As its webhook writes it: 1C has it apart, the others in the reference."""
    return row.number if row.format == "1c" else str(row.reference or row.number)


def _provider(format_: str) -> str:
    """Whose fees they are: the profile's of a settlement file, else the bank's."""
    return format_.partition(":")[2] or "bank"


def _midnight(day: Any) -> datetime:
    """A document's day as its webhook writes it: the day's beginning in Moscow, in UTC."""
    return datetime.combine(day, time(), MOSCOW).astimezone(UTC)
