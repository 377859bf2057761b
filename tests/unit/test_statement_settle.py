"""statement.settle: what a claim moves, and why it is refused."""

from typing import Any
from uuid import UUID

import pytest

from payments.bankpayments.tables import BankPayment, PaymentStatus, bank_account, suspense_account
from payments.ledger.chart import Kind, house
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.record import Record
from payments.operations.refusals import CURRENCY_MISMATCH
from payments.statements.refusals import (
    ITEM_CLAIMED,
    LINE_EXPLAINED,
    LINE_NOT_FOUND,
    SUMS_DIFFER,
)
from payments.statements.settle import OPERATION, SettleLines, Subject, decide
from payments.statements.status import LineState
from payments.statements.tables import (
    Claim,
    StatementLine,
    ledger_account,
    unexplained_account,
)
from tests.fixtures.deciding import CONTEXT, NOW, account, state

FIRST, SECOND, FILE = UUID(int=1), UUID(int=2), UUID(int=3)
PSP = ledger_account(2, "RUB").id
SUSPENSE = suspense_account().id
OPEN = unexplained_account("RUB").id


def line(id_: UUID = FIRST, minor: int = 120275, **changes: Any) -> StatementLine:
    fields: dict[str, Any] = {
        "id": id_,
        "minor": minor,
        "currency": "RUB",
        "state": LineState.THEIRS_ONLY,
        "counter_id": SUSPENSE,
        "subject_id": None,
        "reversed_by": None,
        "operation_id": None,
    }
    return StatementLine(**(fields | changes))


def own_payment(status: PaymentStatus = PaymentStatus.UNMATCHED) -> BankPayment:
    return BankPayment(
        id=FIRST,
        operation_id=FIRST,
        payer_inn="7750005806",
        organization_id=5 if status is PaymentStatus.CREDITED else None,
        minor=120275,
        currency="RUB",
        document_number="1",
        document_date=NOW,
        status=status,
        received_at=NOW,
        matched_at=None,
        line_id=FIRST,
    )


def file(minor: int = 120275, **changes: Any) -> Subject:
    fields: dict[str, Any] = {"id": FILE, "sort": "settlement", "minor": minor}
    return Subject(**(fields | {"account_number": 2} | changes))


def claimed(id_: UUID) -> Claim:
    return Claim(item_id=id_, claim_id=FILE, sort="line", minor=1, claimed_by="x", claimed_at=NOW)


def settle(rows: list[Record], subjects: tuple[Subject, ...] = (file(),), **changes: Any) -> Any:
    lines = tuple(row.key() for row in rows if isinstance(row, StatementLine)) or (FIRST,)
    fields: dict[str, Any] = {"line_ids": lines, "subjects": subjects, "currency": "RUB"}
    accounts = [ledger_account(2, "RUB"), suspense_account(), unexplained_account("RUB")]
    books = state([account(one) for one in accounts], rows)
    return decide(SettleLines(**(fields | changes)), books, CONTEXT)


def moved(outcome: Any) -> dict[int, int]:
    assert isinstance(outcome, Applied)
    assert sum(leg.minor for leg in outcome.legs) == 0
    return {int(leg.account_id): leg.minor for leg in outcome.legs}


def test_one_line_pays_a_file_and_nobody_owns_its_payment() -> None:
    outcome = settle([line(), own_payment()])
    assert moved(outcome) == {SUSPENSE: -120275, PSP: 120275}
    puts = {type(row): row for row in outcome.puts if not isinstance(row, Claim)}
    assert puts[StatementLine].state is LineState.MATCHED
    assert puts[BankPayment].status is PaymentStatus.SETTLED
    claims = [row for row in outcome.puts if isinstance(row, Claim)]
    assert {(row.item_id, row.sort) for row in claims} == {(FIRST, "line"), (FILE, "settlement")}


def test_many_lines_pay_one_and_one_pays_many() -> None:
    lines: list[Record] = [line(FIRST, 100), line(SECOND, 20)]
    assert moved(settle(lines, (file(120),))) == {SUSPENSE: -120, PSP: 120}
    subjects = (file(100), file(20, id=UUID(int=9)))
    assert moved(settle([line(FIRST, 120)], subjects)) == {SUSPENSE: -120, PSP: 120}


def test_lines_that_went_out_pay_a_payout() -> None:
    lines: list[Record] = [line(FIRST, -60, counter_id=OPEN), line(SECOND, -40, counter_id=OPEN)]
    payout = Subject(id=FILE, sort="payout", minor=-100)
    assert moved(settle(lines, (payout,))) == {
        OPEN: 100,
        house(Kind.SUPERPAY_CLEARING, "RUB").id: -100,
    }


def test_a_drift_stands_open() -> None:
    outcome = settle([line(FIRST, 99)], (file(100),), drift_minor=1)
    assert moved(outcome) == {SUSPENSE: -99, PSP: 100, OPEN: -1}
    assert outcome.result.drift == "-0.01"


def test_a_webhooks_payment_is_met_by_no_later_line() -> None:
    payment = own_payment().changed(id=FILE, line_id=None, meeting="0:1:2026-11-26:1")
    outcome = settle([line(), payment], (Subject(id=FILE, sort="payment", minor=120275),))
    assert moved(outcome) == {SUSPENSE: -120275, bank_account().id: 120275}
    [row] = [one for one in outcome.puts if isinstance(one, BankPayment)]
    assert row.meeting is None


@pytest.mark.parametrize(
    ("refusal", "rows"),
    [
        (LINE_NOT_FOUND, []),
        (ITEM_CLAIMED, [line(), claimed(FIRST)]),
        (ITEM_CLAIMED, [line(), claimed(FILE)]),
        (LINE_EXPLAINED, [line(state=LineState.MATCHED)]),
        (LINE_EXPLAINED, [line(counter_id=bank_account().id)]),
        (LINE_EXPLAINED, [line(reversed_by=SECOND)]),
        (LINE_EXPLAINED, [line(), own_payment(PaymentStatus.CREDITED)]),
        (CURRENCY_MISMATCH, [line(currency="EUR", counter_id=house(Kind.SUSPENSE, "EUR").id)]),
        (SUMS_DIFFER, [line(minor=120274)]),
    ],
)
def test_a_claim_is_refused(refusal: Refusal, rows: list[Record]) -> None:
    outcome = settle(rows)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is refusal
    assert refusal in OPERATION.refusals
