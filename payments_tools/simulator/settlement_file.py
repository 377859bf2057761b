"""The daily registry for reconciliation, and errors that tests plant in it."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from payments_tools.simulator.amounts import EXPONENTS, on_wire, other_currency
from payments_tools.simulator.messages import Transaction, encode, moment
from payments_tools.simulator.store import Store

_ENDS: Final = {"paid", "returned", "failed", "canceled", "expired"}
_MOVED: Final = {"paid", "returned"}
_CLOSES_AFTER: Final = timedelta(days=1, hours=2)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `amount` is in major units with all decimals."""

    line_id: str
    transaction_id: str
    merchant_id: int
    type: str
    status: str
    amount: Decimal
    currency: str
    fee_amount: Decimal | None
    fee_currency: str | None
    operated_at: str


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day."""

    date: str
    closed: bool
    generated_at: str
    lines: list[Line]


def registry_of(store: Store, day: str, now: datetime) -> Registry:
    """The registry of `day` (YYYY-MM-DD) as SuperPay would issue it now, with planted errors."""
    lines = [_line(state) for state in store.history_of_day(day) if state.status in _ENDS]
    for kind, merchant_id in store.breaks_of_day(day):
        lines = BREAKS[kind](lines, merchant_id, day)
    lines.sort(key=lambda line: (line.operated_at, line.line_id))
    begins = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=now.tzinfo)
    return Registry(
        date=day,
        closed=now >= begins + _CLOSES_AFTER,
        generated_at=moment(now) or "",
        lines=lines,
    )


def as_json(registry: Registry) -> bytes:
    """Lines, their number, and totals of the lines that moved money."""
    totals: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    for line in registry.lines:
        if line.status in _MOVED:
            key = (line.type, line.status, line.currency)
            count, amount = totals.get(key, (0, Decimal(0)))
            totals[key] = (count + 1, amount + line.amount)
    return encode(
        {
            "date": registry.date,
            "closed": registry.closed,
            "generated_at": registry.generated_at,
            "line_count": len(registry.lines),
            "lines": registry.lines,
            "totals": [
                {"type": key[0], "status": key[1], "currency": key[2], "count": n, "amount": total}
                for key, (n, total) in sorted(totals.items())
            ],
        }
    )


def as_csv(registry: Registry) -> bytes:
    """RFC 4180 with a header row."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(Line.__struct_fields__)
    for line in registry.lines:
        writer.writerow(msgspec.structs.astuple(line))
    return out.getvalue().encode()


def _line(state: Transaction) -> Line:
    order = state.order
    minor, currency = order.minor, order.currency
    if state.paid_minor is not None and state.paid_currency is not None:
        minor, currency = state.paid_minor, state.paid_currency
    return Line(
        line_id=f"{state.transaction_id}-{state.version}",
        transaction_id=state.transaction_id,
        merchant_id=order.merchant_id,
        type=order.type,
        status=state.status,
        amount=on_wire(minor, currency) or Decimal(0),
        currency=currency,
        fee_amount=on_wire(state.fee_minor, order.currency),
        fee_currency=None if state.fee_minor is None else order.currency,
        operated_at=moment(state.updated_at) or "",
    )


def _missing(lines: list[Line], merchant_id: int, _day: str) -> list[Line]:
    return [line for line in lines if line.merchant_id != merchant_id]


def _altered_amount(lines: list[Line], merchant_id: int, _day: str) -> list[Line]:
    return _changed(lines, merchant_id, lambda line: {"amount": line.amount + 1})


def _altered_currency(lines: list[Line], merchant_id: int, _day: str) -> list[Line]:
    def other(line: Line) -> dict[str, object]:
        currency = other_currency(line.currency)
        places = Decimal(1).scaleb(-EXPONENTS[currency])
        return {"currency": currency, "amount": line.amount.quantize(places)}

    return _changed(lines, merchant_id, other)


def _altered_status(lines: list[Line], merchant_id: int, _day: str) -> list[Line]:
    return _changed(
        lines, merchant_id, lambda line: {"status": "failed" if line.status == "paid" else "paid"}
    )


def _duplicate(lines: list[Line], merchant_id: int, _day: str) -> list[Line]:
    copies = _changed(
        [line for line in lines if line.merchant_id == merchant_id],
        merchant_id,
        lambda line: {"line_id": line.line_id + "-2"},
    )
    return lines + copies


def _extra(lines: list[Line], merchant_id: int, day: str) -> list[Line]:
    invented = Line(
        line_id=f"sp_extra{merchant_id}-1",
        transaction_id=f"sp_extra{merchant_id}",
        merchant_id=merchant_id,
        type="payout",
        status="paid",
        amount=Decimal("13.13"),
        currency="RUB",
        fee_amount=None,
        fee_currency=None,
        operated_at=f"{day}T12:00:00.000000Z",
    )
    return [*lines, invented]


def _changed(
    lines: list[Line], merchant_id: int, change: Callable[[Line], dict[str, object]]
) -> list[Line]:
    return [
        msgspec.structs.replace(line, **change(line)) if line.merchant_id == merchant_id else line
        for line in lines
    ]


BREAKS: Final[dict[str, Callable[[list[Line], int, str], list[Line]]]] = {
    "missing_line": _missing,
    "altered_amount": _altered_amount,
    "altered_currency": _altered_currency,
    "extra_line": _extra,
    "duplicate_line": _duplicate,
    "altered_status": _altered_status,
}
