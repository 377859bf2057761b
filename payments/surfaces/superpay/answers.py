"""Answers of /v1/reconciliation."""

import msgspec

from payments.breaks.queries import BreakSummary, BreakView
from payments.callbacks.queries import CallbackView
from payments.reconciliation.queries import RunView


class CallbackList(msgspec.Struct, kw_only=True):
    """A page of callbacks."""

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
    """Unresolved breaks by kind and currency."""

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
