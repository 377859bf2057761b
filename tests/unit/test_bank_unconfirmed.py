"""How many payments wait for codes of one payer."""

from datetime import timedelta
from uuid import UUID

import pytest

from payments.banks import confirm, request
from payments.banks.tables import Unconfirmed
from payments.kernel.clock import rfc3339
from payments.operations.outcome import Applied, Refused
from tests.fixtures.deciding import fields_of
from tests.unit.bank_rows import (
    LATE,
    NOW,
    RIGHT,
    WRONG,
    attempt,
    decide,
    pay,
    payment,
    state_of,
    waiting,
)


@pytest.mark.case("S6")
def test_a_payment_that_ends_makes_room_for_another_mail() -> None:
    """Confirmed, closed by wrong codes, or past its time: it waits no longer."""
    full = waiting()
    for status in ("paid", "closed", "late"):
        mine = payment(id=UUID(int=1), attempts=4)
        state = state_of(mine, full, money={11: 4000})
        submitted_at = LATE if status == "late" else NOW
        code = WRONG if status == "closed" else RIGHT
        for row in decide(confirm.OPERATION, attempt(code), state, submitted_at).puts:
            state.records.put(row)
        left = state.record(Unconfirmed, "1:1a")
        assert left is not None
        assert len(left.waiting) == 9, status
        assert isinstance(decide(request.OPERATION, pay(), state), Applied)
    later = NOW + timedelta(minutes=10)
    assert isinstance(decide(request.OPERATION, pay(), state_of(full), later), Applied)
    refused = decide(request.OPERATION, pay(), state_of(full))
    assert isinstance(refused, Refused)
    assert fields_of(refused) == {"retry_at": rfc3339(LATE)}
