"""What is decided about payments the bank tells us of."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.bankpayments import assign, match, receive
from payments.bankpayments.assign import AssignBankPayment
from payments.bankpayments.inn import checked_payer, is_inn
from payments.bankpayments.match import MatchBankPayment
from payments.bankpayments.receive import ReceiveBankPayment, request_of
from payments.bankpayments.refusals import (
    ORGANIZATION_NOT_FOUND,
    OTHER_OWNER_PROPOSED,
    PAYMENT_ALREADY_MATCHED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
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
from payments.kernel.errors import InvalidBody
from payments.ledger.posting import move
from payments.operations.operation import State
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import APPROVER_IS_PROPOSER, NOTHING_PROPOSED
from payments_tools.demo.organizations import ORGANIZATIONS
from tests.fixtures.deciding import CONTEXT, NOW, account, state

PAYMENT_ID = UUID("ccf0a86d-041b-4991-bcf7-e2352f7b8a4a")
INN = "1234567890"
KNOWN = Organization(id=5, inn=INN, name="Ромашка", created_at=NOW)
OTHER = Organization(id=6, inn="7707083893", name="Sber", created_at=NOW)


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
        reversed_at=NOW if status is PaymentStatus.REVERSED else None,
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
        (PAYMENT_REVERSED, [KNOWN, payment(PaymentStatus.REVERSED)], INN),
        (PAYMENT_SETTLED, [KNOWN, payment(PaymentStatus.SETTLED)], INN),
        (ORGANIZATION_NOT_FOUND, [payment()], INN),
    ],
)
def test_a_match_is_refused(reason: Refusal, rows: list[Any], inn: str) -> None:
    wanted = MatchBankPayment(payment_id=PAYMENT_ID, payer_inn=inn)
    found = match.decide(wanted, books(*rows), CONTEXT)
    assert isinstance(found, Refused)
    assert found.refusal is reason


PROPOSAL = {
    "inn": INN,
    "reason": "the payer's letter",
    "proposed_by": "client:first",
    "proposed_at": "2026-11-20T12:00:00Z",
}


def assigned(by: str, inn: str = INN, **changes: Any) -> Any:
    """The outcome of an assignment by one person, the payment having been changed so."""
    wanted = AssignBankPayment(payment_id=PAYMENT_ID, inn=inn, reason="I saw it too")
    rows = [KNOWN, OTHER, payment().changed(payer_inn="0", **changes)]
    context = msgspec.structs.replace(CONTEXT, actor=by)
    return assign.decide(wanted, books(*rows), context)


@pytest.mark.case("S4")
def test_two_people_who_agree_assign_a_payment() -> None:
    first = assigned("client:first")
    (row,) = first.puts
    assert (first.legs, row.status, row.proposal["inn"]) == ((), PaymentStatus.UNMATCHED, INN)
    changed = assigned("client:first", OTHER.inn, proposal=PROPOSAL)
    assert changed.puts[0].proposal["inn"] == OTHER.inn
    done = assigned("client:second", proposal=PROPOSAL)
    assert done.legs == move(suspense_account().id, organization_account_id(5), 14_500_000)
    row, change = done.puts
    assert (row.status, row.organization_id, row.proposal) == (PaymentStatus.CREDITED, 5, None)
    assert row.assignment == {
        **PROPOSAL,
        "approved_by": "client:second",
        "approval_reason": "I saw it too",
    }
    assert (change.before_minor, change.after_minor) == (0, 14_500_000)


@pytest.mark.parametrize(
    ("refusal", "rows", "by", "inn"),
    [
        (PAYMENT_NOT_FOUND, [KNOWN], "client:second", INN),
        (PAYMENT_ALREADY_MATCHED, [KNOWN, payment(PaymentStatus.CREDITED)], "client:second", INN),
        (PAYMENT_REVERSED, [KNOWN, payment(PaymentStatus.REVERSED)], "client:second", INN),
        (PAYMENT_SETTLED, [KNOWN, payment(PaymentStatus.SETTLED)], "client:second", INN),
        (ORGANIZATION_NOT_FOUND, [payment()], "client:second", INN),
        (
            OTHER_OWNER_PROPOSED,
            [KNOWN, OTHER, payment().changed(proposal=PROPOSAL)],
            "client:second",
            OTHER.inn,
        ),
        (
            APPROVER_IS_PROPOSER,
            [KNOWN, payment().changed(proposal=PROPOSAL)],
            "client:first",
            INN,
        ),
    ],
)
def test_an_assignment_is_refused(refusal: Refusal, rows: list[Any], by: str, inn: str) -> None:
    wanted = AssignBankPayment(payment_id=PAYMENT_ID, inn=inn, reason="it is theirs")
    context = msgspec.structs.replace(CONTEXT, actor=by)
    outcome = assign.decide(wanted, books(*rows), context)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is refusal
    assert refusal in assign.OPERATION.refusals


@pytest.mark.case("S4")
@pytest.mark.parametrize(
    "payer", ["", "0", "12345", INN, "123456789012", f"{INN}/770101001", "12345/7701AB001"]
)
def test_what_a_bank_writes_for_a_payer(payer: str) -> None:
    assert checked_payer(payer, "payer_inn") == payer


@pytest.mark.case("S4")
@pytest.mark.parametrize(
    "payer",
    ["12", "00", "abc", " ", f"{INN}/", f"{INN}/77", f"{INN}\n", "0/770101001", "1234\u0430"],
)
def test_what_is_no_payer(payer: str) -> None:
    with pytest.raises(InvalidBody):
        checked_payer(payer, "payer_inn")


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


def test_a_proposal_is_rejected_by_its_words_only() -> None:
    waiting = payment()
    said = {"inn": INN, "reason": "r", "proposed_by": "ann", "proposed_at": "2026-01-01T00:00:00Z"}
    reject = AssignBankPayment(payment_id=PAYMENT_ID, inn=INN, reason="no", rejects=True)
    nothing = assign.decide(reject, books(KNOWN, waiting), CONTEXT)
    assert isinstance(nothing, Refused)
    assert nothing.refusal is NOTHING_PROPOSED
    proposed = waiting.changed(proposal={**said, "inn": OTHER.inn})
    other = assign.decide(reject, books(KNOWN, proposed), CONTEXT)
    assert isinstance(other, Refused)
    assert other.refusal is OTHER_OWNER_PROPOSED
    done = assign.decide(reject, books(KNOWN, waiting.changed(proposal=said)), CONTEXT)
    assert isinstance(done, Applied)
    assert done.legs == ()
    assert done.puts == (waiting,)
