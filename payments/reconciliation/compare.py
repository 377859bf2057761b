"""Compares the lines of a registry with what our books say of the same merchant ids. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.breaks.tables import BreakKind
from payments.kernel.money import currency_of, format_minor
from payments.statements.settlement_day import MOVED, PAID, RETURNED, Line

TRANSIT: Final = timedelta(minutes=10)
"""What moved within this time may not have reached the other side yet: no break."""


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """What our books say of a merchant id.

    `agrees`: the line statuses that fit its state. `minor`: the amount that moved. `is_open`: not
    ended yet. `is_released`: the hold was released. `has_moved`: its money is booked.
    """

    id: UUID
    merchant_id: int
    kind: str
    state: str
    agrees: frozenset[str]
    minor: int
    currency: str
    is_open: bool
    is_released: bool
    has_moved: bool
    since: datetime


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A break to open. `reference` is its permanent name; `old_reference`: its name in 0.1.0."""

    kind: BreakKind
    reference: str
    old_reference: str
    merchant_id: int
    subject_id: UUID | None
    at_risk: tuple[int, str]
    details: Mapping[str, Any]


def compare(
    lines: Sequence[Line],
    ours: Mapping[int, Ours],
    missing: Iterable[tuple[Ours, str]],
    generated_at: datetime,
    elsewhere: Iterable[Line] = (),
) -> list[Difference]:
    """All differences.

    `missing`: our transactions that moved money, each with the status of the line that no registry
    has. `elsewhere`: lines of the same merchant ids in the registries of other days.
    """
    groups: dict[int, list[Line]] = {}
    for line in sorted(lines, key=_order):
        groups.setdefault(line.merchant_id, []).append(line)
    first = _first_lines((*lines, *elsewhere))
    differences: list[Difference] = []
    for merchant_id, group in groups.items():
        differences += _group(group, ours.get(merchant_id), first, generated_at)
    differences += [_missing(ours_, lacks) for ours_, lacks in missing]
    return differences


def _order(line: Line) -> tuple[datetime, str]:
    """The result does not depend on the order of lines in the file."""
    return line.operated_at, line.line_id


def _first_lines(lines: Iterable[Line]) -> dict[tuple[int, str], str]:
    """The earliest line by merchant id and status; every other one is a duplicate."""
    ordered = sorted(lines, key=_order)
    return {(line.merchant_id, line.status): line.name for line in reversed(ordered)}


def _group(
    group: Sequence[Line],
    ours: Ours | None,
    first: Mapping[tuple[int, str], str],
    generated_at: datetime,
) -> Iterator[Difference]:
    if ours is None:
        yield from (_unknown(line) for line in group)
        return
    by_status: dict[str, Line] = {}
    for line in group:
        if first[line.merchant_id, line.status] != line.name:
            yield _difference(BreakKind.DUPLICATE_AT_PSP, line, ours)
        else:
            by_status[line.status] = line
    for line in by_status.values():
        kind = _kind(line, ours, by_status, generated_at)
        if kind is not None:
            yield _difference(kind, line, ours)


def _kind(
    line: Line, ours: Ours, group: Mapping[str, Line], generated_at: datetime
) -> BreakKind | None:
    """How a line differs; only the first difference, so that one difference is one break."""
    if line.kind != ours.kind:
        return BreakKind.REFERENCE_MISMATCH
    if ours.is_open:
        is_new = generated_at - ours.since < TRANSIT
        return None if is_new or line.status in ours.agrees else BreakKind.STATUS_MISMATCH
    if line.status == PAID and ours.is_released:
        return BreakKind.LATE_PAID_AFTER_RELEASE
    is_superseded = line.status not in MOVED and PAID in group
    if line.status not in ours.agrees and not is_superseded:
        return BreakKind.STATUS_MISMATCH
    return _money(line, ours) if line.status in MOVED else None


def _money(line: Line, ours: Ours) -> BreakKind | None:
    if line.currency != ours.currency:
        return BreakKind.CURRENCY_MISMATCH
    return BreakKind.AMOUNT_MISMATCH if line.minor != ours.minor else None


def _difference(kind: BreakKind, line: Line, ours: Ours) -> Difference:
    at_risk = (line.minor, line.currency)
    if kind is BreakKind.AMOUNT_MISMATCH:
        at_risk = (abs(line.minor - ours.minor), line.currency)
    elif kind is BreakKind.STATUS_MISMATCH:
        at_risk = (ours.minor or line.minor, ours.currency)
    # Each duplicate line is money of its own; other differences may be known from evidence too.
    is_surplus = kind is BreakKind.DUPLICATE_AT_PSP
    return Difference(
        kind=kind,
        reference=f"{ours.id}:{line.name}" if is_surplus else str(ours.id),
        old_reference=f"{ours.id}:{line.line_id}" if is_surplus else str(ours.id),
        merchant_id=ours.merchant_id,
        subject_id=ours.id,
        at_risk=at_risk,
        details={"ours": our_view(ours), "theirs": line_view(line), "date": _date(line)},
    )


def _unknown(line: Line) -> Difference:
    return Difference(
        kind=BreakKind.MISSING_IN_LEDGER,
        reference=line.name,
        old_reference=line.line_id,
        merchant_id=line.merchant_id,
        subject_id=None,
        at_risk=(line.minor if line.status in MOVED else 0, line.currency),
        details={"ours": None, "theirs": line_view(line), "date": _date(line)},
    )


def _missing(ours: Ours, lacks: str) -> Difference:
    """Paid and returned are two lines: each may be missing, and each may come late."""
    reference = f"{ours.id}:{RETURNED}" if lacks == RETURNED else str(ours.id)
    return Difference(
        kind=BreakKind.MISSING_AT_PSP,
        reference=reference,
        old_reference=reference,
        merchant_id=ours.merchant_id,
        subject_id=ours.id,
        at_risk=(ours.minor, ours.currency),
        details={"ours": our_view(ours), "theirs": None, "lacks": lacks},
    )


def _date(line: Line) -> str:
    return line.operated_at.date().isoformat()


def our_view(ours: Ours) -> dict[str, Any]:
    amount = format_minor(ours.minor, currency_of(ours.currency))
    return {
        "type": ours.kind,
        "status": ours.state,
        "amount": amount,
        "currency": ours.currency,
    }


def line_view(line: Line) -> dict[str, Any]:
    """The line as a break's details show it."""
    return {
        "line_id": line.line_id,
        "transaction_id": line.transaction_id,
        "type": line.kind,
        "status": line.status,
        "amount": format_minor(line.minor, currency_of(line.currency)),
        "currency": line.currency,
    }
