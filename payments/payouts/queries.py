"""Reads of payouts: one, a list, and the timeline of one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.payouts.explain import (
    CERTAINTIES,
    HOLD_STATES,
    STUCK_AFTER_S,
    certainty,
    explanation,
    hold_state,
)
from payments.payouts.status import UNCERTAIN, WATCHED, Claim, PayoutState, Verdict
from payments.payouts.tables import Payout, payout_attempts, payout_evidence, payouts
from payments.provider.schedule import Schedule
from payments.provider.sighting import Source


class PayoutNotFound(NotFound):
    """There is no such payout."""

    code = "payout_not_found"


class PayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """A payout. `certainty`: certain or unknown; `hold_state`: open, captured or released.

    `next_check_at`: when SuperPay is queried next (for a held payout: when it is sent); null once
    it has ended.
    """

    payout_id: UUID
    merchant_id: int
    wallet_id: int
    superpay_wallet_id: str
    amount: str
    currency: str
    description: str
    status: Annotated[str, one_of(PayoutState)]
    reason: str | None
    certainty: Annotated[str, one_of(CERTAINTIES)]
    hold_state: Annotated[str, one_of(HOLD_STATES)]
    explanation: str
    next_check_at: str | None
    is_stuck: bool
    provider_transaction_id: str | None
    proposal: Mapping[str, Any] | None
    created_at: str
    updated_at: str
    ended_at: str | None
    payee_id: UUID | None


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing we did or learned, and the state change it caused."""

    number: int
    at: str
    source: Annotated[str, one_of(Source)]
    claim: Annotated[str, one_of(Claim)]
    verdict: Annotated[str, one_of(Verdict)]
    status_before: Annotated[str, one_of(PayoutState)] | None
    status_after: Annotated[str, one_of(PayoutState)]
    details: Mapping[str, Any]
    actor: str


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    """A payout's state, its next check, and all evidence that led there."""

    payout_id: UUID
    status: Annotated[str, one_of(PayoutState)]
    certainty: Annotated[str, one_of(CERTAINTIES)]
    hold_state: Annotated[str, one_of(HOLD_STATES)]
    explanation: str
    next_check_at: str | None
    is_stuck: bool
    sends: int
    items: Sequence[EvidenceView]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions of a list; None means any."""

    status: PayoutState | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None
    certainty: str | None = None
    is_stuck: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class Lens(msgspec.Struct, frozen=True, kw_only=True):
    """Turns rows into views: the check schedule and the current time."""

    schedule: Schedule
    now: datetime

    def view(self, row: sa.Row[Any] | Payout) -> PayoutView:
        state = PayoutState(row.state)
        return PayoutView(
            payout_id=row.id,
            merchant_id=row.merchant_id,
            wallet_id=row.wallet_id,
            superpay_wallet_id=row.superpay_wallet_id,
            amount=format_minor(row.minor, currency_of(row.currency)),
            currency=row.currency,
            description=row.description,
            status=state.value,
            reason=row.reason,
            certainty=certainty(state),
            hold_state=hold_state(state),
            explanation=explanation(state, row.reason),
            next_check_at=self.next_check(row),
            is_stuck=self.is_stuck(row),
            provider_transaction_id=row.provider_id,
            proposal=row.proposal,
            created_at=rfc3339(row.created_at),
            updated_at=rfc3339(row.updated_at),
            ended_at=None if row.ended_at is None else rfc3339(row.ended_at),
            payee_id=row.payee_id,
        )

    def next_check(self, row: sa.Row[Any] | Payout) -> str | None:
        """When the payout is checked next; None once it has ended."""
        if PayoutState(row.state) not in WATCHED:
            return None
        return rfc3339(self.schedule.next_at(row.merchant_id, row.checks, row.checked_at))

    def is_stuck(self, row: sa.Row[Any] | Payout) -> bool:
        """True when it has been in its state long enough to raise an alarm."""
        limit_s = STUCK_AFTER_S.get(PayoutState(row.state))
        if limit_s is None:
            return False
        since: datetime = getattr(row, _since(PayoutState(row.state).value))
        return self.now - since >= timedelta(seconds=limit_s)


async def get_payout(engine: AsyncEngine, payout_id: UUID | None, lens: Lens) -> PayoutView:
    """The payout. Raises 404 `payout_not_found`."""
    async with engine.connect() as connection:
        return lens.view(await _row(connection, payout_id))


async def list_payouts(
    engine: AsyncEngine,
    filters: Filters,
    lens: Lens,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PayoutView]:
    """Newest first."""
    query = sa.select(payouts).where(*_conditions(filters, lens.now))
    if before is not None:
        query = query.where(sa.tuple_(payouts.c.created_at, payouts.c.id) < before)
    query = query.order_by(payouts.c.created_at.desc(), payouts.c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        return [lens.view(row) for row in await connection.execute(query)]


async def get_timeline(engine: AsyncEngine, payout_id: UUID | None, lens: Lens) -> TimelineView:
    """The payout's state and all its evidence. Raises 404 `payout_not_found`."""
    evidence = payout_evidence.c
    query = sa.select(payout_evidence).where(evidence.payout_id == payout_id)
    sends_query = sa.select(payout_attempts.c.sends).where(payout_attempts.c.payout_id == payout_id)
    async with engine.connect() as connection:
        row = await _row(connection, payout_id)
        rows = (await connection.execute(query.order_by(evidence.number))).all()
        sends = (await connection.execute(sends_query)).scalars().first()
    view = lens.view(row)
    return TimelineView(
        payout_id=view.payout_id,
        status=view.status,
        certainty=view.certainty,
        hold_state=view.hold_state,
        explanation=view.explanation,
        next_check_at=view.next_check_at,
        is_stuck=view.is_stuck,
        sends=sends or 0,
        items=[_evidence(r) for r in rows],
    )


async def payout_of_merchant_id(engine: AsyncEngine, merchant_id: int) -> UUID | None:
    """The payout that SuperPay knows by this merchant id."""
    query = sa.select(payouts.c.id).where(payouts.c.merchant_id == merchant_id)
    async with engine.connect() as connection:
        payout_id: UUID | None = (await connection.execute(query)).scalar_one_or_none()
    return payout_id


async def _row(connection: Any, payout_id: UUID | None) -> sa.Row[Any]:
    query = sa.select(payouts).where(payouts.c.id == payout_id)
    row: sa.Row[Any] | None = (await connection.execute(query)).one_or_none()
    if row is None:
        raise PayoutNotFound
    return row


def _conditions(filters: Filters, now: datetime) -> list[sa.ColumnElement[bool]]:
    c = payouts.c
    uncertain = c.state.in_([s.value for s in UNCERTAIN])
    conditions: dict[str, Callable[[Any], sa.ColumnElement[bool]]] = {
        "status": lambda v: c.state == v.value,
        "wallet_id": lambda v: c.wallet_id == v,
        "merchant_id": lambda v: c.merchant_id == v,
        "certainty": lambda v: uncertain if v == "unknown" else ~uncertain,
        "is_stuck": lambda v: stuck(now) if v else ~stuck(now),
        "created_from": lambda v: c.created_at >= v,
        "created_to": lambda v: c.created_at < v,
    }
    values = {n: v for n in conditions if (v := getattr(filters, n)) is not None}
    return [conditions[name](value) for name, value in values.items()]


def stuck(now: datetime) -> sa.ColumnElement[bool]:
    """SQL condition for payouts that raise an alarm now."""
    c = payouts.c
    return sa.or_(
        *(
            sa.and_(c.state == s.value, c[_since(s.value)] <= now - timedelta(seconds=limit_s))
            for s, limit_s in STUCK_AFTER_S.items()
        )
    )


def _since(state: str) -> str:
    """The column that the time in a state is counted from.

    A payout that the provider refuses to take enters `held` again after each try but was never
    sent, so its age counts from its creation.
    """
    return "created_at" if state == PayoutState.HELD.value else "state_since"


def _evidence(row: sa.Row[Any]) -> EvidenceView:
    return EvidenceView(
        number=row.number,
        at=rfc3339(row.recorded_at),
        source=row.source,
        claim=row.claim,
        verdict=row.verdict,
        status_before=row.state_before,
        status_after=row.state_after,
        details=row.details,
        actor=row.actor,
    )
