"""Keeps a break up to date: a difference seen again updates it, or reopens it and keeps its
history.

Used by both evidence and registries.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from payments.breaks.tables import Break, BreakKind, BreakState
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor

HISTORY_MAX: Final = 100
"""Keeps the row bounded when a provider's answers change all the time."""

_STATUS_IS_NO_FACT: Final = frozenset({BreakKind.CURRENCY_MISMATCH, BreakKind.UNAPPLIED_DEPOSIT})


def followed(existing: Break | None, seen: Break) -> Break | None:
    """The break to write for the difference `seen`, or None if nothing about it is new.

    `existing` is the row with the same id. A changed amount at risk or changed facts replace its
    content. A resolved break is reopened, also one that was resolved because the difference had
    disappeared. The former content is kept in its history.
    """
    if existing is None:
        return seen
    if _facts(existing) == _facts(seen) and not _is_gone(existing):
        return None
    return _with_history(existing, seen.opened_at).changed(
        at_risk_minor=seen.at_risk_minor,
        currency=seen.currency,
        details=seen.details,
        found_by=seen.found_by,
        proposal=None,
        **(_opened(seen.opened_at) if existing.state is BreakState.RESOLVED else {}),
    )


def gone(existing: Break, resolution: str, reason: str, by: str, now: datetime) -> Break:
    """The break after its difference has disappeared: resolved, unless an operator resolved it
    before.

    A break seen again later is reopened.
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


def reopened(existing: Break, now: datetime) -> Break:
    """The resolved break as open again, with its resolution in its history.

    What the resolution moved stays moved: whoever finds it wrong resolves the break once more.
    """
    details = {name: value for name, value in existing.details.items() if name != "is_gone"}
    return _with_history(existing, now).changed(details=details, proposal=None, **_opened(now))


def _facts(break_: Break) -> tuple[Any, ...]:
    """What the provider claims, independent of whether a callback, query or
    registry reported it.
    """
    theirs: Mapping[str, Any] = break_.details.get("theirs") or {}
    if break_.kind is BreakKind.REFERENCE_MISMATCH:
        return (theirs.get("transaction_id"), *_money(theirs))
    if break_.kind is BreakKind.AMOUNT_MISMATCH:
        return (break_.at_risk_minor, *_money(theirs))
    if break_.kind in _STATUS_IS_NO_FACT:
        return _money(theirs)
    return (theirs.get("status"), break_.details.get("lacks"), *_money(theirs))


def _money(theirs: Mapping[str, Any]) -> tuple[Any, Any]:
    if theirs.get("paid_amount") is not None:
        return theirs["paid_amount"], theirs.get("paid_currency")
    return theirs.get("amount"), theirs.get("currency")


def _is_gone(break_: Break) -> bool:
    """Resolved because the difference had disappeared."""
    is_timing = break_.resolved_by == "registry"  # rows of 0.1.0 do not say is_gone
    return bool(break_.details.get("is_gone")) or is_timing


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


def _with_history(break_: Break, now: datetime) -> Break:
    former = {
        "until": rfc3339(now),
        "state": break_.state.value,
        "money_at_risk": format_minor(break_.at_risk_minor, currency_of(break_.currency)),
        "currency": break_.currency,
        "details": break_.details,
        "found_by": break_.found_by,
        "assignee": break_.assignee,
        "proposal": break_.proposal,
        "resolution": break_.resolution,
        "resolved_by": break_.resolved_by,
        "resolution_operation_id": None
        if break_.resolution_id is None
        else str(break_.resolution_id),
        "opened_at": rfc3339(break_.opened_at),
        "resolved_at": None if break_.resolved_at is None else rfc3339(break_.resolved_at),
    }
    return break_.changed(history=(*break_.history, former)[-HISTORY_MAX:])
