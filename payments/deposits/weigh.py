"""What evidence about a deposit amounts to: next state, verdict, break if there is one."""

from typing import Final
from uuid import UUID

import msgspec

from payments.breaks.tables import BreakKind, break_id
from payments.deposits.status import NEXT, OPEN, PAID, DepositState, paid_state
from payments.deposits.tables import Deposit
from payments.kernel.money import currency_of
from payments.provider.sighting import Sighting
from payments.provider.tables import SUPERPAY

S: Final = DepositState

BREAK_KINDS: Final = (
    BreakKind.STATUS_MISMATCH,
    BreakKind.AMOUNT_MISMATCH,
    BreakKind.CURRENCY_MISMATCH,
    BreakKind.REFERENCE_MISMATCH,
    BreakKind.UNAPPLIED_DEPOSIT,
    BreakKind.VERSION_MISMATCH,
)


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """`arrived`: money to book now, minor units and currency; `is_suspended`: not to the wallet."""

    verdict: str
    state: DepositState
    found: BreakKind | None = None
    arrived: tuple[int, str] | None = None
    is_suspended: bool = False
    reason: str | None = None


def break_ids(deposit_id: UUID) -> list[UUID]:
    """The ids the breaks of a deposit would have."""
    return [break_id(SUPERPAY, kind, str(deposit_id)) for kind in BREAK_KINDS]


def weigh(
    deposit: Deposit, sighting: Sighting, *, is_wallet_open: bool, seen_version: int = 0
) -> Weighed:
    """A view of the provider against what we know.

    `seen_version`: of an answer to a question, the version we knew when we asked; an answer below
    it takes something back, and an operator has to look.
    """
    found = _mismatch(deposit, sighting, seen_version)
    if found is not None:
        return Weighed(verdict="conflict", state=deposit.state, found=found)
    if sighting.version < deposit.provider_version:
        return Weighed(verdict="stale", state=deposit.state)
    if sighting.status == "paid" and sighting.paid_minor is not None:
        # An intent of 0.1.0 may still carry "rub".
        arrived = (sighting.paid_minor, currency_of(sighting.paid_currency).code)
        return _paid(deposit, arrived, sighting, is_open=is_wallet_open)
    after = NEXT.get(sighting.status)
    if after is None:
        return _unrecognized(deposit, sighting)
    return _unpaid(deposit, after, sighting)


def is_worth_asking(deposit: Deposit, sighting: Sighting) -> bool:
    """True for a view that is old by its version and yet says another end than we know.

    Versions come from callbacks too, and one of them may have been wrong.
    """
    if sighting.version >= deposit.provider_version or _mismatch(deposit, sighting, 0) is not None:
        return False
    if sighting.status == "paid":
        paid = (sighting.paid_minor, sighting.paid_currency)
        return paid != (deposit.paid_minor, deposit.paid_currency)
    after = NEXT.get(sighting.status)
    return after not in {deposit.state, S.PENDING}


def _unrecognized(deposit: Deposit, sighting: Sighting) -> Weighed:
    """A word we do not know: of an open deposit it says nothing, of an ended one it is loud."""
    if deposit.state in OPEN or sighting.status == "paid":
        return Weighed(verdict="inconclusive", state=deposit.state)
    return Weighed(verdict="conflict", state=deposit.state, found=BreakKind.STATUS_MISMATCH)


def _mismatch(deposit: Deposit, sighting: Sighting, seen_version: int) -> BreakKind | None:
    """Whether it is our deposit at all: what was asked for, not what was paid."""
    if sighting.currency != deposit.currency:
        return BreakKind.CURRENCY_MISMATCH
    if sighting.minor != deposit.minor:
        return BreakKind.AMOUNT_MISMATCH
    is_ours = (
        sighting.kind == "deposit"
        and sighting.merchant_id == deposit.merchant_id
        and deposit.provider_id in {None, sighting.transaction_id}
    )
    if not is_ours:
        return BreakKind.REFERENCE_MISMATCH
    return BreakKind.VERSION_MISMATCH if sighting.version < seen_version else None


def _paid(
    deposit: Deposit, arrived: tuple[int, str], sighting: Sighting, *, is_open: bool
) -> Weighed:
    if deposit.state in PAID:
        if arrived == (deposit.paid_minor, deposit.paid_currency):
            return Weighed(verdict="confirmed", state=deposit.state)
        kind = (
            BreakKind.AMOUNT_MISMATCH
            if arrived[1] == deposit.paid_currency
            else BreakKind.CURRENCY_MISMATCH
        )
        return Weighed(verdict="conflict", state=deposit.state, found=kind)
    if deposit.state is S.FAILED:
        return Weighed(verdict="conflict", state=S.FAILED, found=BreakKind.STATUS_MISMATCH)
    if arrived[1] != deposit.currency:
        return Weighed(
            verdict="applied",
            state=S.CURRENCY_MISMATCH,
            found=BreakKind.CURRENCY_MISMATCH,
            arrived=arrived,
            is_suspended=True,
            reason="currency_mismatch",
        )
    if not is_open:
        return Weighed(
            verdict="applied",
            state=S.IN_SUSPENSE,
            found=BreakKind.UNAPPLIED_DEPOSIT,
            arrived=arrived,
            is_suspended=True,
            reason="wallet_frozen",
        )
    is_late = sighting.is_late or deposit.state is S.EXPIRED
    after = paid_state(deposit.minor, arrived[0], is_late=is_late)
    return Weighed(verdict="applied", state=after, arrived=arrived)


def _unpaid(deposit: Deposit, after: DepositState, sighting: Sighting) -> Weighed:
    """Nothing arrived, says this view: after a payment that is old news, or a contradiction."""
    if deposit.state is after:
        return Weighed(verdict="confirmed", state=after, reason=deposit.reason)
    is_expiry_taken_back = deposit.state is S.EXPIRED and after is S.PENDING
    if deposit.state not in OPEN or is_expiry_taken_back:
        if deposit.state in PAID and sighting.version > deposit.provider_version:
            return Weighed(verdict="conflict", state=deposit.state, found=BreakKind.STATUS_MISMATCH)
        return Weighed(verdict="stale", state=deposit.state)
    return Weighed(verdict="applied", state=after, reason=sighting.failure or None)
