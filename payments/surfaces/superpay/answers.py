"""What /v1/reconciliation answers."""

import msgspec

from payments.breaks.queries import BreakSummary, BreakView
from payments.callbacks.queries import CallbackView
from payments.reconciliation.queries import RunView


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
