"""Payments that the bank returned, and money of organizations that goes to wallets."""

from typing import Any

import pytest

from payments.bankpayments import reverse, transfer
from payments.bankpayments.refusals import (
    ORGANIZATION_NOT_FOUND,
    PAYMENT_CHANGED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
)
from payments.bankpayments.reverse import ReverseBankPayment
from payments.bankpayments.tables import (
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    organization_account_id,
    suspense_account,
)
from payments.bankpayments.transfer import TransferFromOrganization
from payments.kernel.ids import AccountId
from payments.ledger import chart
from payments.ledger.posting import move
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS
from payments.wallets.refusals import WALLET_CLOSED, WALLET_FROZEN, WALLET_NOT_FOUND
from tests.fixtures.deciding import CONTEXT, account, state
from tests.unit.test_bank_payments import INN, KNOWN, PAYMENT_ID, books, payment


def taken_back(row: BankPayment | None, owner: int | None, balance: int) -> Any:
    """The outcome of a return, the organization having that balance."""
    wanted = ReverseBankPayment(payment_id=PAYMENT_ID, reason="returned", organization_id=owner)
    return reverse.decide(wanted, books(KNOWN, *filter(None, [row]), balance=balance), CONTEXT)


@pytest.mark.parametrize(
    ("status", "balance", "source", "breaks"),
    [
        (PaymentStatus.CREDITED, 14_500_000, organization_account_id(5), 0),
        (PaymentStatus.CREDITED, 14_499_999, suspense_account().id, 1),
        (PaymentStatus.UNMATCHED, 0, suspense_account().id, 0),
    ],
)
def test_who_pays_a_returned_payment(
    status: PaymentStatus, balance: int, source: int, breaks: int
) -> None:
    row = payment(status)
    done = taken_back(row, row.organization_id, balance)
    assert done.legs == move(AccountId(source), bank_account().id, 14_500_000)
    assert done.puts[0].status is PaymentStatus.REVERSED
    assert len([one for one in done.puts if hasattr(one, "at_risk_minor")]) == breaks


@pytest.mark.parametrize(
    ("refusal", "row", "owner"),
    [
        (PAYMENT_NOT_FOUND, None, None),
        (PAYMENT_REVERSED, payment(PaymentStatus.REVERSED), 5),
        (PAYMENT_SETTLED, payment(PaymentStatus.SETTLED), 5),
        (PAYMENT_CHANGED, payment(PaymentStatus.CREDITED), None),
    ],
)
def test_a_return_is_refused(refusal: Refusal, row: BankPayment | None, owner: int | None) -> None:
    refused = taken_back(row, owner, 0)
    assert isinstance(refused, Refused)
    assert refused.refusal is refusal
    assert refusal in reverse.OPERATION.refusals


WALLET = chart.AccountSpec(chart.wallet(7), "wallet:7", "RUB", chart.Guard.CREDIT)
DOLLARS = chart.AccountSpec(chart.wallet(7), "wallet:7", "USD", chart.Guard.CREDIT)


@pytest.mark.parametrize(
    ("refusal", "organization", "wallet"),
    [
        (ORGANIZATION_NOT_FOUND, None, account(WALLET)),
        (WALLET_NOT_FOUND, KNOWN, None),
        (CURRENCY_MISMATCH, KNOWN, account(DOLLARS)),
        (WALLET_FROZEN, KNOWN, account(WALLET, is_frozen=True)),
        (WALLET_CLOSED, KNOWN, account(WALLET, is_closed=True)),
        (INSUFFICIENT_FUNDS, KNOWN, account(WALLET)),
        (None, KNOWN, account(WALLET)),
    ],
)
def test_an_organization_is_paid_out_from(
    refusal: Refusal | None, organization: Organization | None, wallet: Any
) -> None:
    minor = 701 if refusal is INSUFFICIENT_FUNDS else 700
    wanted = TransferFromOrganization(inn=INN, wallet_id=7, minor=minor)
    accounts = [account(KNOWN.account, 700), *filter(None, [wallet])]
    found = state(accounts, filter(None, [organization]))
    outcome = transfer.decide(wanted, found, CONTEXT)
    if refusal is None:
        assert isinstance(outcome, Applied)
        assert outcome.legs == move(organization_account_id(5), chart.wallet(7), 700)
    else:
        assert isinstance(outcome, Refused)
        assert outcome.refusal is refusal
        assert refusal in transfer.OPERATION.refusals
