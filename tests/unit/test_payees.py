"""Payouts to payees as a table, and what SuperPay's answer about a wallet means."""

from uuid import UUID

import msgspec
import pytest

import payments.payouts.request
from payments.kernel.free_json import EMPTY
from payments.ledger.chart import Kind, owned
from payments.operations.outcome import Applied, Refusal, Refused
from payments.payees.refusals import (
    PAYEE_CURRENCY_MISMATCH,
    PAYEE_NOT_FOUND,
    PAYEE_OWNER_MISMATCH,
)
from payments.payees.status import PayeeStatus
from payments.payees.tables import Payee
from payments.payouts.request import RequestPayout
from payments.payouts.tables import Payout
from payments.surfaces.superpay.wallet_check import Standing, standing_of
from payments.wallets.tables import Wallet
from tests.fixtures.deciding import CONTEXT, NOW, account, state

WALLET = owned(Kind.WALLET, 1, "RUB")
ID = UUID(int=5)
INTENT = RequestPayout(
    wallet_id=1, superpay_wallet_id="", minor=100, currency="RUB", description="", payee_id=ID
)
PAYEE = Payee(
    id=ID,
    actor=CONTEXT.actor,
    owner="u",
    user_id=None,
    superpay_wallet_id="W-1",
    currency="RUB",
    name="",
    status=PayeeStatus.UNCONFIRMED,
    checked_at=None,
    created_at=NOW,
    deleted_at=None,
)
ROW = Wallet(
    id=WALLET.id, currency="RUB", owner="u", created_by="t", metadata=EMPTY, created_at=NOW
)


@pytest.mark.parametrize(
    ("payee", "refusal"),
    [
        (None, PAYEE_NOT_FOUND),
        (PAYEE.changed(deleted_at=NOW), PAYEE_NOT_FOUND),
        (PAYEE.changed(actor="client:other"), PAYEE_NOT_FOUND),
        (PAYEE.changed(owner="v"), PAYEE_OWNER_MISMATCH),
        (PAYEE.changed(currency="USD"), PAYEE_CURRENCY_MISMATCH),
    ],
)
def test_a_payee_that_does_not_fit_is_refused(payee: Payee | None, refusal: Refusal) -> None:
    rows = [ROW] if payee is None else [ROW, payee]
    outcome = payments.payouts.request.OPERATION.decide(
        INTENT, state([account(WALLET, 1000)], rows), CONTEXT
    )
    assert isinstance(outcome, Refused)
    assert outcome.refusal is refusal


def test_the_payout_goes_to_the_wallet_of_the_payee() -> None:
    outcome = payments.payouts.request.OPERATION.decide(
        INTENT, state([account(WALLET, 1000)], [ROW, PAYEE]), CONTEXT
    )
    assert isinstance(outcome, Applied)
    (payout,) = (row for row in outcome.puts if isinstance(row, Payout))
    assert (payout.superpay_wallet_id, payout.payee_id) == ("W-1", ID)


WORDS = {"wallet_id": "W-1", "currency": "RUB", "status": "active"}
ERROR = {"code": "wallet_not_found", "definitive": True, "money_moved": "no"}


@pytest.mark.parametrize(
    ("status", "body", "standing"),
    [
        (200, WORDS, Standing.CONFIRMED),
        (200, WORDS | {"currency": "USD"}, Standing.OTHER_CURRENCY),
        (200, WORDS | {"status": "blocked"}, Standing.BLOCKED),
        (200, WORDS | {"status": "frozen"}, Standing.UNKNOWN),
        (200, WORDS | {"currency": None}, Standing.UNKNOWN),
        (200, WORDS | {"wallet_id": "W-2"}, Standing.UNKNOWN),
        (200, {}, Standing.UNKNOWN),
        (404, {"error": ERROR}, Standing.MISSING),
        (404, {"error": ERROR | {"code": "not_found"}}, Standing.UNKNOWN),
        (404, "nginx", Standing.UNKNOWN),
        (500, {}, Standing.UNKNOWN),
    ],
)
def test_only_a_clear_answer_confirms_or_refuses(
    status: int, body: object, standing: Standing
) -> None:
    assert standing_of(status, msgspec.json.encode(body), "W-1", "RUB") is standing
