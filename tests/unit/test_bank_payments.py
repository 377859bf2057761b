"""What is decided about payments the bank tells us of."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from payments.bankpayments import match, receive
from payments.bankpayments.inn import is_inn
from payments.bankpayments.match import MatchBankPayment
from payments.bankpayments.receive import ReceiveBankPayment, request_of
from payments.bankpayments.refusals import (
    ORGANIZATION_NOT_FOUND,
    PAYMENT_ALREADY_MATCHED,
    PAYMENT_NOT_FOUND,
)
from payments.bankpayments.tables import (
    BalanceChange,
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    organization_account_id,
    suspense_account,
)
from payments.ledger.posting import move
from payments.operations.operation import State
from payments.operations.outcome import Applied, Refusal, Refused
from payments_tools.demo.organizations import ORGANIZATIONS
from tests.fixtures.deciding import CONTEXT, NOW, account, state

PAYMENT_ID = UUID("ccf0a86d-041b-4991-bcf7-e2352f7b8a4a")
INN = "1234567890"
KNOWN = Organization(id=5, inn=INN, name="Ромашка", created_at=NOW)


def intent(**changes: Any) -> ReceiveBankPayment:
    fields: dict[str, Any] = {
        "bank_operation_id": PAYMENT_ID,
        "payer_inn": INN,
        "minor": 14_500_000,
        "document_number": "PAY-328",
        "document_date": datetime(2024, 4, 27, 21, tzinfo=UTC),
    }
    return ReceiveBankPayment(**(fields | changes))


def books(*rows: Any, balance: int = 0) -> State:
    accounts = [account(KNOWN.account, balance), account(suspense_account(), 14_500_000)]
    return state([*accounts, account(bank_account())], rows)


def payment(status: PaymentStatus = PaymentStatus.UNMATCHED) -> BankPayment:
    return BankPayment(
        id=PAYMENT_ID,
        operation_id=UUID(int=1),
        payer_inn=INN,
        organization_id=None if status is PaymentStatus.UNMATCHED else KNOWN.id,
        minor=14_500_000,
        currency="RUB",
        document_number="PAY-328",
        document_date=NOW,
        status=status,
        received_at=NOW,
        matched_at=None,
    )


def test_a_known_inn_is_credited_and_the_change_logged() -> None:
    found = receive.decide(intent(), books(KNOWN, balance=700), CONTEXT)
    assert found.legs == move(bank_account().id, organization_account_id(5), 14_500_000)
    row, change = found.puts
    assert isinstance(row, BankPayment)
    assert (row.id, row.status, row.organization_id) == (PAYMENT_ID, PaymentStatus.CREDITED, 5)
    assert isinstance(change, BalanceChange)
    assert (change.before_minor, change.after_minor) == (700, 14_500_700)


def test_an_unknown_inn_goes_to_suspense() -> None:
    found = receive.decide(intent(), books(), CONTEXT)
    assert found.legs == move(bank_account().id, suspense_account().id, 14_500_000)
    (row,) = found.puts
    assert isinstance(row, BankPayment)
    assert (row.status, row.organization_id) == (PaymentStatus.UNMATCHED, None)
    assert set(receive.accounts(intent(), books())) == {bank_account(), suspense_account()}


def test_the_operation_id_is_the_banks_alone() -> None:
    ids = {request_of(intent(minor=m, document_number=str(m))).operation_id for m in (1, 2, 3)}
    assert len(ids) == 1
    assert request_of(intent(bank_operation_id=UUID(int=9))).operation_id not in ids


def test_a_match_moves_it_out_of_suspense() -> None:
    wanted = MatchBankPayment(payment_id=PAYMENT_ID, payer_inn=INN)
    found = match.decide(wanted, books(KNOWN, payment()), CONTEXT)
    assert isinstance(found, Applied)
    assert found.legs == move(suspense_account().id, organization_account_id(5), 14_500_000)
    row, change = found.puts
    assert isinstance(row, BankPayment)
    assert (row.status, row.organization_id, row.matched_at) == (PaymentStatus.CREDITED, 5, NOW)
    assert isinstance(change, BalanceChange)
    assert (change.before_minor, change.after_minor) == (0, 14_500_000)


@pytest.mark.parametrize(
    ("reason", "rows", "inn"),
    [
        (PAYMENT_NOT_FOUND, [KNOWN], INN),
        (PAYMENT_NOT_FOUND, [KNOWN, payment()], "123456789012"),
        (PAYMENT_ALREADY_MATCHED, [KNOWN, payment(PaymentStatus.CREDITED)], INN),
        (ORGANIZATION_NOT_FOUND, [payment()], INN),
    ],
)
def test_a_match_is_refused(reason: Refusal, rows: list[Any], inn: str) -> None:
    wanted = MatchBankPayment(payment_id=PAYMENT_ID, payer_inn=inn)
    found = match.decide(wanted, books(*rows), CONTEXT)
    assert isinstance(found, Refused)
    assert found.refusal is reason


@pytest.mark.parametrize("inn", [INN, "123456789012", "0000000000"])
def test_an_inn_has_10_or_12_digits(inn: str) -> None:
    assert is_inn(inn)


@pytest.mark.parametrize("inn", ["", "123456789", "12345678901", INN + "\n", "١٢٣٤٥٦٧٨٩٠"])
def test_anything_else_is_no_inn(inn: str) -> None:
    assert not is_inn(inn)


def test_demo_organizations_have_inns_and_the_first_is_the_example() -> None:
    inns = [inn for inn, _ in ORGANIZATIONS]
    assert inns[0] == INN
    assert len(set(inns)) == len(inns)
    assert all(map(is_inn, inns))


def test_the_same_moment_is_the_same_content() -> None:
    moscow = datetime(2024, 4, 28, 0, tzinfo=timezone(timedelta(hours=3)))
    assert intent(document_date=moscow.astimezone(UTC)) == intent()
