"""The provider's references: derived, within everybody's limits, and of one transaction each."""

from uuid import UUID

import pytest

import payments.deposits.request
import payments.payouts.request
from payments.deposits.tables import Deposit
from payments.kernel.ids import new_id
from payments.operations.outcome import Refused
from payments.payouts.tables import Payout
from payments.provider.reference import deposit_reference, payout_reference
from payments.provider.refusals import REFERENCE_TAKEN
from tests.fixtures.deciding import CONTEXT, state
from tests.unit.test_payout_rules import deposit
from tests.unit.test_usable_wallets import DEPOSIT, PAYOUT, wallet

SEQUENCES_END = 1 << 52  # numbers that 0.1.0 drew stay far below


@pytest.mark.case("C1")
def test_a_reference_is_the_same_for_ever() -> None:
    """Written down: another derivation would pay what was paid again."""
    assert payout_reference(UUID(int=1)) == 7530549137504138
    assert deposit_reference(UUID(int=1)) == 7530549137504139


@pytest.mark.case("C1")
def test_references_fit_every_reader_and_never_meet() -> None:
    ids = [new_id() for _ in range(2000)]
    numbers = [reference(id_) for id_ in ids for reference in (payout_reference, deposit_reference)]
    assert len(set(numbers)) == len(numbers)
    assert all(SEQUENCES_END <= number < 1 << 53 for number in numbers)
    assert all(int(float(number)) == number for number in numbers)


@pytest.mark.case("C1")
def test_a_reference_that_another_one_has_is_refused() -> None:
    made = deposit()
    other = made.changed(id=UUID(int=7), merchant_id=deposit_reference(CONTEXT.operation_id))
    outcome = payments.deposits.request.decide(DEPOSIT, state([wallet()], [other]), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is REFERENCE_TAKEN


@pytest.mark.case("C1")
def test_the_same_of_a_payout() -> None:
    first = payments.payouts.request.decide(PAYOUT, state([wallet()]), CONTEXT)
    made = next(put for put in first.puts if isinstance(put, Payout))
    outcome = payments.payouts.request.decide(PAYOUT, state([wallet()], [made]), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is REFERENCE_TAKEN


@pytest.mark.case("C1")
def test_both_are_found_by_their_reference() -> None:
    for operation, type_, reference in (
        (payments.payouts.request.OPERATION, Payout, payout_reference),
        (payments.deposits.request.OPERATION, Deposit, deposit_reference),
    ):
        assert operation.refs_of_id is not None
        (ref,) = operation.refs_of_id(UUID(int=1))
        assert (ref.type, ref.value, ref.by) == (type_, reference(UUID(int=1)), "merchant_id")


def test_a_payout_is_made_with_its_reference() -> None:
    outcome = payments.payouts.request.decide(PAYOUT, state([wallet()]), CONTEXT)
    made = next(put for put in outcome.puts if isinstance(put, Payout))
    assert made.merchant_id == payout_reference(CONTEXT.operation_id)
