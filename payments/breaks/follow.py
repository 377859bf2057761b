"""A break follows the facts: what is found again is updated, or opened again with its history.

Used wherever a difference is found, by evidence and by registries alike.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from payments.breaks.tables import Break, BreakKind, BreakState
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor

HISTORY_MAX: Final = 100
"""A provider that changes its mind with every answer must not grow a row for ever."""

_STATUS_IS_NO_FACT: Final = frozenset({BreakKind.CURRENCY_MISMATCH, BreakKind.UNAPPLIED_DEPOSIT})


def followed(existing: Break | None, found: Break) -> Break | None:
    """The break to write for a difference that was `found`; None when nothing is new about it.

    `existing` is the row of the same id. Another amount at risk, or other facts, replace what it
    says; a resolved one is opened again, and so is one that had ended because the difference was
    gone. What it said before is kept in its history.
    """
    if existing is None:
        return found
    if _facts(existing) == _facts(found) and not _is_gone(existing):
        return None
    return _with_history(existing, found.opened_at).changed(
        at_risk_minor=found.at_risk_minor,
        currency=found.currency,
        details=found.details,
        found_by=found.found_by,
        proposal=None,
        **(_opened(found.opened_at) if existing.state is BreakState.RESOLVED else {}),
    )


def gone(existing: Break, resolution: str, reason: str, by: str, now: datetime) -> Break:
    """The break after its difference is there no more: resolved, unless a person did that before.

    Found again, it is opened again.
    """
    details = {**existing.details, "is_gone": True}
    if existing.state is BreakState.RESOLVED:
        return existing.changed(details=details)
    return existing.changed(
        state=BreakState.RESOLVED,
        details=details,
        proposal=None,
        resolution={"resolution": resolution, "reason": reason},
        resolved_by=by,
        resolved_at=now,
    )


def _facts(one: Break) -> tuple[Any, ...]:
    """What the other side says, whether a callback, a query or a registry said it."""
    theirs: Mapping[str, Any] = one.details.get("theirs") or {}
    if one.kind is BreakKind.REFERENCE_MISMATCH:
        return (theirs.get("transaction_id"), *_money(theirs))
    if one.kind is BreakKind.AMOUNT_MISMATCH:
        return (one.at_risk_minor, *_money(theirs))
    if one.kind in _STATUS_IS_NO_FACT:
        return _money(theirs)
    return (theirs.get("status"), one.details.get("lacks"), *_money(theirs))


def _money(theirs: Mapping[str, Any]) -> tuple[Any, Any]:
    if theirs.get("paid_amount") is not None:
        return theirs["paid_amount"], theirs.get("paid_currency")
    return theirs.get("amount"), theirs.get("currency")


def _is_gone(one: Break) -> bool:
    """Resolved because the difference was there no more."""
    is_timing = one.resolved_by == "registry"  # rows of 0.1.0 do not say is_gone
    return bool(one.details.get("is_gone")) or is_timing


def _opened(now: datetime) -> dict[str, Any]:
    return {
        "state": BreakState.OPEN,
        "assignee": None,
        "resolution": None,
        "resolved_by": None,
        "resolution_id": None,
        "resolved_at": None,
        "opened_at": now,
    }


def _with_history(one: Break, now: datetime) -> Break:
    was = {
        "until": rfc3339(now),
        "state": one.state.value,
        "money_at_risk": format_minor(one.at_risk_minor, currency_of(one.currency)),
        "currency": one.currency,
        "details": one.details,
        "found_by": one.found_by,
        "assignee": one.assignee,
        "proposal": one.proposal,
        "resolution": one.resolution,
        "resolved_by": one.resolved_by,
        "resolution_operation_id": None if one.resolution_id is None else str(one.resolution_id),
        "opened_at": rfc3339(one.opened_at),
        "resolved_at": None if one.resolved_at is None else rfc3339(one.resolved_at),
    }
    return one.changed(history=(*one.history, was)[-HISTORY_MAX:])
