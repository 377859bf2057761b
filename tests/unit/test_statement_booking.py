"""What a line of a statement is booked against."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from payments.bankpayments.receive import ReceiveBankPayment
from payments.bankpayments.receive import decide as receive
from payments.bankpayments.tables import (
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    suspense_account,
)
from payments.breaks.tables import Break
from payments.ledger.chart import Kind, house, named
from payments.ledger.posting import move
from payments.operations.operation import State
from payments.operations.outcome import Applied, Refused
from payments.operations.record import Record
from payments.statements.book import decide
from payments.statements.counterpart import BookLine
from payments.statements.line import LineKind
from payments.statements.status import LineState
from payments.statements.tables import StatementLine, ledger_account, unexplained_account
from tests.fixtures.deciding import CONTEXT, NOW, account, state

LINE, EARLIER, PAYMENT = UUID(int=1), UUID(int=2), UUID(int=3)
INN = "1234567890"
KNOWN = Organization(id=5, inn=INN, name="Romashka", created_at=NOW)
DAY = datetime(2026, 11, 24, 21, tzinfo=UTC)
BANK = ledger_account(1, "RUB").id
FEES = named("fees:bank", "RUB", allow_negative=True)


def intent(minor: int = 500, **changes: Any) -> BookLine:
    fields: dict[str, Any] = {
        "line_id": LINE,
        "account_number": 1,
        "provider": "bank",
        "currency": "RUB",
        "minor": minor,
        "kind": LineKind.PAYMENT,
        "inn": INN,
        "document_number": "328",
        "document_date": DAY,
    }
    return BookLine(**(fields | changes))


def line(id_: UUID = LINE, **changes: Any) -> StatementLine:
    fields: dict[str, Any] = {
        "id": id_,
        "minor": 500,
        "currency": "RUB",
        "state": LineState.NEW,
        "counter_id": None,
        "subject_id": None,
        "reversed_by": None,
        "operation_id": None,
    }
    return StatementLine(**(fields | changes))


def webhook_payment(minor: int = 500, place: int = 1) -> BankPayment:
    return BankPayment(
        id=PAYMENT,
        operation_id=PAYMENT,
        payer_inn=INN,
        organization_id=KNOWN.id,
        minor=minor,
        currency="RUB",
        document_number="PAY-328",
        document_date=DAY,
        status=PaymentStatus.CREDITED,
        received_at=NOW,
        matched_at=None,
        meeting=f"{INN}:328:2026-11-25:{place}",
    )


def books(*rows: Record) -> State:
    specs = [
        KNOWN.account,
        suspense_account(),
        bank_account(),
        FEES,
        ledger_account(1, "RUB"),
        unexplained_account("RUB"),
        house(Kind.SUPERPAY_CLEARING, "RUB"),
    ]
    return state([account(spec) for spec in specs], rows)


def applied(wanted: BookLine, *rows: Record) -> Applied:
    outcome = decide(wanted, books(*rows), CONTEXT)
    assert isinstance(outcome, Applied)
    return outcome


def put(outcome: Applied, type_: type[Record]) -> Any:
    return next((row for row in outcome.puts if isinstance(row, type_)), None)


def test_a_webhooks_payment_is_met_and_not_credited_again() -> None:
    outcome = applied(intent(), line(), KNOWN, webhook_payment())
    assert outcome.legs == move(BANK, bank_account().id, 500)
    assert put(outcome, StatementLine).state is LineState.MATCHED
    assert put(outcome, BankPayment).line_id == LINE
    assert put(outcome, Break) is None


def test_a_payment_that_another_line_has_is_not_met_again() -> None:
    taken = webhook_payment().changed(line_id=EARLIER)
    outcome = applied(intent(), line(), KNOWN, taken)
    assert outcome.legs == move(BANK, KNOWN.account.id, 500)
    assert put(outcome, BankPayment).meeting.endswith(":2")


def test_one_kopeck_less_is_a_break_of_one_kopeck() -> None:
    outcome = applied(intent(499), line(minor=499), KNOWN, webhook_payment())
    assert outcome.legs == move(BANK, bank_account().id, 499)
    assert put(outcome, Break).at_risk_minor == 1


def test_an_amount_of_a_number_that_comes_twice_is_no_mismatch() -> None:
    outcome = applied(intent(499, is_alone=False), line(minor=499), KNOWN, webhook_payment())
    assert outcome.legs == move(BANK, KNOWN.account.id, 499)


@pytest.mark.parametrize("inn", ["", "0", "0105000000"])
def test_a_payer_who_is_unknown_goes_to_suspense_for_a_person(inn: str) -> None:
    outcome = applied(intent(inn=inn), line(), KNOWN)
    assert outcome.legs == move(BANK, suspense_account().id, 500)
    assert put(outcome, BankPayment).status is PaymentStatus.UNMATCHED
    assert put(outcome, Break).at_risk_minor == 500


def test_a_webhook_after_its_line_moves_nothing() -> None:
    own = put(applied(intent(), line(), KNOWN), BankPayment)
    told = ReceiveBankPayment(PAYMENT, INN, 500, "PAY-328", DAY)
    outcome = receive(told, books(KNOWN, own), CONTEXT)
    assert outcome.legs == ()
    assert put(outcome, BankPayment).webhook_id == PAYMENT
    again = receive(told, books(KNOWN, own.changed(webhook_id=EARLIER)), CONTEXT)
    assert again.legs == move(bank_account().id, KNOWN.account.id, 500)


def test_a_fee_is_the_banks() -> None:
    outcome = applied(intent(-500, kind=LineKind.FEE), line(minor=-500))
    assert outcome.legs == move(FEES.id, BANK, 500)
    assert put(outcome, StatementLine).state is LineState.FEE


def test_what_went_out_unexplained_is_a_break() -> None:
    outcome = applied(intent(-500), line(minor=-500))
    assert outcome.legs == move(unexplained_account("RUB").id, BANK, 500)
    assert put(outcome, Break).at_risk_minor == 500


def test_a_return_goes_back_to_where_the_earlier_line_was_booked() -> None:
    clearing = house(Kind.SUPERPAY_CLEARING, "RUB").id
    earlier = line(EARLIER, minor=-500, state=LineState.MATCHED, counter_id=clearing)
    wanted = intent(kind=LineKind.RETURN, reverses=EARLIER)
    outcome = applied(wanted, line(), earlier)
    assert outcome.legs == move(BANK, clearing, 500)
    [changed] = [row for row in outcome.puts if row.key() == EARLIER]
    assert changed == earlier.changed(reversed_by=LINE)
    twice = applied(wanted, line(), earlier.changed(reversed_by=PAYMENT))
    assert twice.legs == move(BANK, suspense_account().id, 500)


def test_a_provider_account_takes_no_bank_payments() -> None:
    outcome = applied(intent(is_settlement=True), line(), KNOWN, webhook_payment())
    assert put(outcome, BankPayment) is None
    assert outcome.legs == move(BANK, suspense_account().id, 500)


@pytest.mark.parametrize(
    ("rows", "code"),
    [([], "line_not_found"), ([line(state=LineState.FEE)], "line_booked")],
)
def test_a_line_is_booked_once(rows: list[Record], code: str) -> None:
    outcome = decide(intent(), books(*rows), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == code
