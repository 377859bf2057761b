"""Bodies and answers of /v1/reconciliation."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

from payments.breaks.queries import BreakSummary, BreakView
from payments.breaks.tables import BreakKind, BreakState
from payments.callbacks.queries import CallbackView
from payments.callbacks.tables import CallbackState
from payments.http.body import Amount, Body, CurrencyCode
from payments.http.lists import Page
from payments.http.query import Query
from payments.reconciliation.queries import RunView

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
PlaceName = Annotated[
    str, msgspec.Meta(pattern=r"^(wallet:[1-9][0-9]{0,15}|clearing|suspense|breaks)\Z")
]


class LedgerBody(Body, frozen=True, kw_only=True):
    """A posting; `from` and `to`: `wallet:17`, `clearing`, `suspense` or `breaks`."""

    from_: PlaceName = msgspec.field(name="from")
    to: PlaceName
    amount: Amount
    currency: CurrencyCode


class ResolveBody(Body, frozen=True, kw_only=True):
    """A reason, and, where money has to move, the posting: then a second key must send the same."""

    reason: Reason
    ledger: LedgerBody | None = None


class AssignBody(Body, frozen=True, kw_only=True):
    """Who works on it."""

    assignee: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FetchBody(Body, frozen=True, kw_only=True):
    """The UTC day whose registry to fetch."""

    date: dt.date


class UploadQuery(Query, frozen=True, kw_only=True):
    """`date`: the file's UTC day, needed for CSV. `closed`: for CSV, whether it is final.

    Without `closed` a CSV file is final from 02:00 UTC of the next day on. `empty=true` says that a
    file without lines is meant so.
    """

    date: dt.date | None = None
    closed: bool | None = None
    empty: bool = False


class BreaksQuery(Page, frozen=True, kw_only=True):
    """Filters of the list."""

    state: BreakState | None = None
    kind: BreakKind | None = None
    severity: Literal["medium", "high", "critical"] | None = None
    merchant_id: int | None = None
    assignee: str | None = None


class CallbacksQuery(Page, frozen=True, kw_only=True):
    """`state=operator` shows what a person has to look at."""

    state: CallbackState | None = None


class CallbackList(msgspec.Struct, kw_only=True):
    """A page of the callback inbox."""

    items: list[CallbackView]
    next_cursor: str | None


class BreakList(msgspec.Struct, kw_only=True):
    """A page of breaks."""

    items: list[BreakView]
    next_cursor: str | None


class RunList(msgspec.Struct, kw_only=True):
    """A page of registries."""

    items: list[RunView]
    next_cursor: str | None


class SummaryAnswer(msgspec.Struct, kw_only=True):
    """Unresolved breaks."""

    items: list[BreakSummary]


class LoadedAnswer(msgspec.Struct, kw_only=True):
    """What a registry showed."""

    run_id: str
    date: str
    closed: bool
    lines: int
    matched: int
    breaks: list[BreakView]
    new_breaks: int
