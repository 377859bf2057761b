"""Finding what pays what: unexplained lines of a payer, and the settlement files of its account."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.errors import Conflict, NotFound
from payments.kernel.money import Currency, currency_of
from payments.kernel.sql import load_sql
from payments.operations.after_discard import renewed
from payments.operations.submit import Request, Submitter, Ticket, keyed
from payments.statements.pairing import Paired, Part, paired
from payments.statements.settle import OPERATION, SettleLines, Subject
from payments.statements.tables import statement_lines
from payments.statements.unsettled import Unsettled
from payments.statements.writes import follow_unsettled

ACTOR: Final = "system:statements"
_CLAIMABLE: Final = load_sql(__file__, "claimable")
_FILES: Final = load_sql(__file__, "unclaimed_files")
_LINES: Final = load_sql(__file__, "payers_lines")


class PayersAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's account with its unclaimed files, and the lines of the INN that pays them."""

    account: str
    number: int
    currency: str
    drift_minor: int
    within_days: int
    files: tuple[Part, ...]
    lines: tuple[Part, ...]

    def paired(self) -> Paired:
        """What pays what."""
        return paired(self.lines, self.files, self.drift_minor)


async def settle_files(
    engine: AsyncEngine, submitter: Submitter, now: datetime, wait_s: float = 0
) -> int:
    """Claim what fits, follow the breaks of what does not; how many claims were submitted.

    Raises `Unavailable`.
    """
    async with engine.connect() as connection:
        accounts = await _accounts(connection)
    requests = [request for one in accounts for request in _requests(one)]
    for answer in await submitter.many(await renewed(engine, requests), wait_s):
        if not isinstance(answer, Ticket | Conflict):  # a conflict: it was sent before
            raise answer
    await follow_unsettled(engine, [_unsettled(one) for one in accounts], now)
    return len(requests)


async def _accounts(connection: AsyncConnection) -> Sequence[PayersAccount]:
    """Accounts whose payer is known and that have unclaimed files."""
    files = (await connection.exec_driver_sql(_FILES)).all()
    lines = (await connection.exec_driver_sql(_LINES)).all()
    found = []
    for number in dict.fromkeys(row.number for row in files):
        own = [row for row in files if row.number == number]
        first = own[0]
        found.append(
            PayersAccount(
                account=first.account,
                number=number,
                currency=first.currency,
                drift_minor=first.drift_minor,
                within_days=first.within_days,
                files=_parts(own),
                lines=_parts(row for row in lines if row.number == number),
            )
        )
    return found


def _parts(rows: Iterable[Any]) -> tuple[Part, ...]:
    return tuple(Part(id=row.id, day=row.day, minor=row.minor) for row in rows)


def _requests(account: PayersAccount) -> Iterable[Request]:
    for pairing in account.paired().pairings:
        intent = SettleLines(
            line_ids=tuple(part.id for part in pairing.lines),
            subjects=tuple(_file(part, account) for part in pairing.files),
            currency=account.currency,
            drift_minor=account.drift_minor,
            reason=f"{account.account} paid what its files say",
        )
        key = ":".join(str(part.id) for part in (*pairing.lines, *pairing.files))
        yield keyed(OPERATION, intent, actor=ACTOR, key=key, scope=OPERATION.kind)


def _file(part: Part, account: PayersAccount) -> Subject:
    return Subject(id=part.id, sort="settlement", minor=part.minor, account_number=account.number)


def _unsettled(account: PayersAccount) -> Unsettled:
    """What nothing pays: the files that are left, and the line that is near one of them."""
    pairs = account.paired()
    claimed: set[UUID] = {part.id for one in pairs.pairings for part in one.files}
    return Unsettled(
        account=account.account,
        currency=account.currency,
        within_days=account.within_days,
        files=tuple(part for part in account.files if part.id not in claimed),
        near=pairs.near,
    )


class SubjectNotFound(NotFound):
    """One of `subject_ids` is no settlement file, payout or payment that waits for the bank."""

    code = "subject_not_found"


class LineNotFound(NotFound):
    """One of `line_ids` is no line of a statement."""

    code = "line_not_found"


async def claim_intent(
    engine: AsyncEngine,
    line_ids: tuple[UUID, ...],
    subject_ids: tuple[UUID, ...],
    drift: Callable[[Currency], int],
    reason: str,
) -> SettleLines:
    """What an operator claims. Raises 404 `subject_not_found`, `line_not_found`."""
    c = statement_lines.c
    query = sa.select(c.currency).where(c.id == line_ids[0])
    async with engine.connect() as connection:
        currency: str | None = (await connection.execute(query)).scalar_one_or_none()
        rows = (await connection.exec_driver_sql(_CLAIMABLE, (list(subject_ids),))).mappings()
        found = {row["id"]: Subject(**row) for row in rows}
    if currency is None:
        raise LineNotFound
    if len(found) != len(subject_ids):
        raise SubjectNotFound
    return SettleLines(
        line_ids=line_ids,
        subjects=tuple(found[id_] for id_ in subject_ids),
        currency=currency,
        drift_minor=drift(currency_of(currency)),
        reason=reason,
    )
