"""Responses to operators."""

import msgspec

from payments.bankpayments.queries import BalanceChangeView, PaymentView
from payments.operations.conflict_list import ConflictView
from payments.statements.account_list import StatementAccountView
from payments.statements.line_list import LineView
from payments.statements.queries import StatementView


class BankPaymentList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of payments."""

    items: list[PaymentView]
    next_cursor: str | None


class ChangeList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of balance changes."""

    items: list[BalanceChangeView]
    next_cursor: str | None


class ConflictList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of conflicts."""

    items: list[ConflictView]
    next_cursor: str | None


class TurnedAwayWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A refused webhook: the code of its response and the SHA-256 of its body.

    `reference`: the sender's id as the body gives it.
    """

    surface: str
    kind: str
    reference: str
    detail: str
    digest: str
    turned_away_at: str


class TurnedAwayWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """A page of refused webhooks."""

    items: list[TurnedAwayWebhook]
    next_cursor: str | None


class StatementAnswer(StatementView, frozen=True, kw_only=True):
    """`status`: imported, duplicate when these bytes were there before, or dry_run."""

    status: str


class StatementAccountList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of accounts."""

    items: list[StatementAccountView]
    next_cursor: str | None


class StatementList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of statements."""

    items: list[StatementView]
    next_cursor: str | None


class LineList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of lines."""

    items: list[LineView]
    next_cursor: str | None
