"""Classifies evidence about a deposit: its next state, a verdict, and a break if there is one."""

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


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """`arrived`: money to book now, minor units and currency.

    `is_suspended`: book it to suspense instead of the wallet.
    """

    verdict: str
    state: DepositState
    break_kind: BreakKind | None = None
    arrived: tuple[int, str] | None = None
    is_suspended: bool = False
    reason: str | None = None


def break_ids(deposit_id: UUID) -> list[UUID]:
    return [break_id(SUPERPAY, kind, str(deposit_id)) for kind in BREAK_KINDS]


def classify(
    deposit: Deposit, sighting: Sighting, *, is_wallet_open: bool, seen_version: int = 0
) -> Classified:
    """Compare the provider's record with our deposit.

    `seen_version`: for the answer to a query, the version we knew when we asked; an answer below it
    contradicts what the provider showed, and an operator has to look.
    """
    mismatch = _mismatch(deposit, sighting, seen_version)
    if mismatch is not None:
        return Classified(verdict="conflict", state=deposit.state, break_kind=mismatch)
    if sighting.version < deposit.provider_version:
        return Classified(verdict="stale", state=deposit.state)
    if sighting.status == "paid" and sighting.paid_minor is not None:
        # An intent of 0.1.0 may still carry "rub" in lower case.
        arrived = (sighting.paid_minor, currency_of(sighting.paid_currency).code)
        return _paid(deposit, arrived, sighting, is_open=is_wallet_open)
    after = NEXT.get(sighting.status)
    if after is None:
        return _unrecognized(deposit, sighting)
    return _unpaid(deposit, after, sighting)


def is_worth_asking(deposit: Deposit, sighting: Sighting) -> bool:
    """True for a record that is stale by version and yet shows another final state than we know.

    Versions come from callbacks too, and one of them may have been wrong.
    """
    if sighting.version >= deposit.provider_version or _mismatch(deposit, sighting, 0) is not None:
        return False
    if sighting.status == "paid":
        paid = (sighting.paid_minor, sighting.paid_currency)
        return paid != (deposit.paid_minor, deposit.paid_currency)
    after = NEXT.get(sighting.status)
    return after not in {deposit.state, S.PENDING}


def _unrecognized(deposit: Deposit, sighting: Sighting) -> Classified:
    """An unknown status is inconclusive for an open deposit and a conflict for an ended one."""
    if deposit.state in OPEN or sighting.status == "paid":
        return Classified(verdict="inconclusive", state=deposit.state)
    return Classified(verdict="conflict", state=deposit.state, break_kind=BreakKind.STATUS_MISMATCH)


def _mismatch(deposit: Deposit, sighting: Sighting, seen_version: int) -> BreakKind | None:
    """Which field shows that it is not our deposit; what was paid is not compared."""
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
) -> Classified:
    if deposit.state in PAID:
        if arrived == (deposit.paid_minor, deposit.paid_currency):
            return Classified(verdict="confirmed", state=deposit.state)
        kind = (
            BreakKind.AMOUNT_MISMATCH
            if arrived[1] == deposit.paid_currency
            else BreakKind.CURRENCY_MISMATCH
        )
        return Classified(verdict="conflict", state=deposit.state, break_kind=kind)
    if deposit.state is S.FAILED:
        return Classified(verdict="conflict", state=S.FAILED, break_kind=BreakKind.STATUS_MISMATCH)
    if arrived[1] != deposit.currency:
        return Classified(
            verdict="applied",
            state=S.CURRENCY_MISMATCH,
            break_kind=BreakKind.CURRENCY_MISMATCH,
            arrived=arrived,
            is_suspended=True,
            reason="currency_mismatch",
        )
    if not is_open:
        return Classified(
            verdict="applied",
            state=S.IN_SUSPENSE,
            break_kind=BreakKind.UNAPPLIED_DEPOSIT,
            arrived=arrived,
            is_suspended=True,
            reason="wallet_frozen",
        )
    is_late = sighting.is_late or deposit.state is S.EXPIRED
    after = paid_state(deposit.minor, arrived[0], is_late=is_late)
    return Classified(verdict="applied", state=after, arrived=arrived)


def _unpaid(deposit: Deposit, after: DepositState, sighting: Sighting) -> Classified:
    """The record says nothing arrived: after a payment that is stale, or a
    contradiction if newer.
    """
    if deposit.state is after:
        return Classified(verdict="confirmed", state=after, reason=deposit.reason)
    is_expiry_taken_back = deposit.state is S.EXPIRED and after is S.PENDING
    if deposit.state not in OPEN or is_expiry_taken_back:
        if deposit.state in PAID and sighting.version > deposit.provider_version:
            return Classified(
                verdict="conflict", state=deposit.state, break_kind=BreakKind.STATUS_MISMATCH
            )
        return Classified(verdict="stale", state=deposit.state)
    return Classified(verdict="applied", state=after, reason=sighting.failure or None)
