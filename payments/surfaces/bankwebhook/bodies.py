"""Bodies and responses of the bank webhook."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

import msgspec

from payments.bankpayments.inn import PATTERN, PAYER_PATTERN, checked_payer
from payments.bankpayments.receive import ReceiveBankPayment
from payments.bankpayments.tables import CURRENCY
from payments.http.amounts import AmountNumber, AmountOrNothing, AmountOrNumber
from payments.http.body import Body, minor_of, optional_minor_of
from payments.http.lists import Page
from payments.http.query import Query
from payments.kernel.errors import InvalidBody
from payments.kernel.money import Currency, currency_of
from payments.kernel.strict import ID_MAX
from payments.statements.settle import ITEMS_MAX
from payments.webhooks.meaning import CreditBody

Inn = Annotated[str, msgspec.Meta(max_length=200, extra_json_schema={"pattern": PATTERN})]
"""Validated by `checked_inn`, so no pattern here."""
Payer = Annotated[str, msgspec.Meta(max_length=200, extra_json_schema={"pattern": PAYER_PATTERN})]
"""INN, or what a bank sends for a payer without one; validated by `checked_payer`."""
YEARS: Final = range(1900, 2200)
"""Accepted years of a bank document; time conversions overflow far outside of them."""

_CURRENCY: Final = currency_of(CURRENCY)


class BankPaymentBody(CreditBody, frozen=True, kw_only=True):
    """A payment as the bank sends it.

    `currency`, `direction` and `status`, if present, must mean roubles received. Other fields are
    ignored, so that the bank can add some.
    """

    example: ClassVar = {
        "operation_id": "ccf0a86d-041b-4991-bcf7-e2352f7b8a4a",
        "amount": 145000,
        "payer_inn": "1234567890",
        "document_number": "PAY-328",
        "document_date": "2024-04-27T21:00:00Z",
    }

    operation_id: UUID
    amount: AmountOrNumber
    payer_inn: Payer | None = None
    document_number: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    document_date: Annotated[datetime, msgspec.Meta(tz=True)]


class BankPaymentAnswer(msgspec.Struct, frozen=True):
    """`duplicate` when the operation was known before."""

    status: Literal["accepted", "duplicate"]


class OrganizationBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The balance in roubles; a whole number is an integer."""

    inn: str
    balance: AmountNumber


class OrganizationBody(Body, frozen=True, kw_only=True):
    """An organization to add."""

    example: ClassVar = {"inn": "7707083893", "name": "Sber"}

    inn: Inn
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class OrganizationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An organization; `balance` in RUB with all decimals."""

    organization_id: int
    inn: str
    name: str
    balance: str
    currency: str
    created_at: str


class OrganizationList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of organizations."""

    items: list[OrganizationAnswer]
    next_cursor: str | None


class OwnerBody(Body, frozen=True, kw_only=True):
    """The organization that owns a payment in suspense, and the reason."""

    example: ClassVar = {"inn": "7707083893", "reason": "The payer sent the payment order."}

    inn: Inn
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class ReturnBody(Body, frozen=True, kw_only=True):
    """Why a payment is taken back: what the bank says of the return."""

    example: ClassVar = {"reason": "The bank returned it: the payer's account is closed."}

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class OrganizationTransferBody(Body, frozen=True, kw_only=True):
    """Roubles of an organization for a wallet."""

    example: ClassVar = {"wallet_id": 1, "amount": "100.00", "description": "to be paid out"}

    wallet_id: Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)]
    amount: AmountOrNumber
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class BankPaymentsQuery(Page, frozen=True, kw_only=True):
    """`?state=`; `?inn=`: the organization's, or what the bank sent."""

    state: Literal["unmatched", "matched", "reversed", "settled"] | None = None
    inn: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class ConflictsQuery(Page, frozen=True, kw_only=True):
    """`?kind=`: kind of operation."""

    kind: Annotated[str, msgspec.Meta(max_length=50)] | None = None


class TurnedAwayQuery(Page, frozen=True, kw_only=True):
    """`?surface=`; `?kind=`: webhooks refused with this code only."""

    surface: Literal["bank", "shop"] | None = None
    kind: Annotated[str, msgspec.Meta(max_length=50)] | None = None


class ImportQuery(Query, frozen=True, kw_only=True):
    """`?account=` ours at the bank; `?format=` auto, 1c, camt053, mt940, csv:<profile>
    or json:superpay.
    """

    account: Annotated[str, msgspec.Meta(max_length=100)] = ""
    format: Annotated[str, msgspec.Meta(max_length=100)] = "auto"
    dry_run: bool = False


class StatementAccountPatch(Body, frozen=True, kw_only=True):
    """`payer_inn`: the INN that pays out what the account's settlement files say; empty: nobody.

    `drift`: how much a payment may differ from its files. `statement_within_days`: a statement is
    late when its newest day is older.
    """

    example: ClassVar = {"payer_inn": "7750005806", "statement_within_days": 3}

    payer_inn: (
        Annotated[str, msgspec.Meta(pattern="^([0-9]{10}|[0-9]{12})?$")] | msgspec.UnsetType
    ) = msgspec.UNSET
    drift: AmountOrNothing = msgspec.field(default_factory=msgspec.Raw)
    statement_within_days: Annotated[int, msgspec.Meta(ge=1, le=366)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class ClaimBody(Body, frozen=True, kw_only=True):
    """Lines of a bank, and what of ours they pay.

    `drift`: how much the sums may differ.
    """

    example: ClassVar = {
        "line_ids": ["0a3c4d5e-0000-5000-8000-000000000001"],
        "subject_ids": ["0a3c4d5e-0000-5000-8000-000000000002"],
        "reason": "the provider paid two days at once",
    }

    line_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    subject_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    drift: AmountOrNothing = msgspec.field(default_factory=msgspec.Raw)
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


def drift_of(raw: msgspec.Raw, currency: Currency) -> int:
    """Minor units of a drift; zero is one. Raises 422 `invalid_amount`."""
    return optional_minor_of(raw, currency, "drift", zero_is_none=True) or 0


class StatementsQuery(Page, frozen=True, kw_only=True):
    """`?account=` only of that one."""

    account: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class LinesQuery(Page, frozen=True, kw_only=True):
    """`?state=`; `ours_only` are payments that the statement lacks."""

    state: Literal["matched", "ours_only", "theirs_only", "fee", "new"] | None = None


def payment_intent(body: BankPaymentBody) -> ReceiveBankPayment:
    """The intent of a body; times and amounts are normalized, so spelling is no conflict."""
    body.check_rouble_credit()
    return ReceiveBankPayment(
        bank_operation_id=body.operation_id,
        payer_inn=checked_payer(body.payer_inn or "", "payer_inn"),
        minor=minor_of(body.amount, _CURRENCY),
        document_number=body.document_number,
        document_date=_utc(body.document_date),
    )


def _utc(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        message = f"the year is between {YEARS.start} and {YEARS.stop - 1}"
        raise InvalidBody(errors=[{"field": "document_date", "message": message}])
    return moment.astimezone(UTC)
