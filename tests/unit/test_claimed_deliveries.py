"""How much of an endpoint's deliveries is claimed, and how many are sent at a time."""

from typing import Any, cast

import pytest
import sqlalchemy as sa

from payments.deliveries.claimed import AHEAD, Claimed
from payments.deliveries.send import Sent
from payments.deliveries.writes import Attempt, _marks
from payments.kernel.clock import utc_now
from payments.kernel.ids import new_id

OK = Sent(status_code=200, error=None, answer="", duration_ms=3)
SLOW = Sent(status_code=200, error=None, answer="", duration_ms=3000)
FAILED = Sent(status_code=500, error=None, answer="", duration_ms=3)


def made_of(*sent: Sent, lease_s: float = 30.0) -> Claimed:
    made = Claimed(lease_s)
    for one in sent:
        made.sent(one)
    return made


def rows(count: int) -> list[sa.Row[Any]]:
    return cast("list[sa.Row[Any]]", list(range(count)))


@pytest.mark.parametrize(
    ("made", "claimed"),
    [
        (made_of(), 4),
        (made_of(OK), 4 * AHEAD),
        (made_of(SLOW), 4),
        (made_of(FAILED), 4),
        (made_of(OK, SLOW), 4),
        (made_of(OK, FAILED), 4),
        (made_of(SLOW, OK, OK), 4),
        (made_of(SLOW, *[OK] * 5), 4 * AHEAD),
        (made_of(FAILED, OK), 4 * AHEAD),
        (made_of(OK, lease_s=0.05), 4),
    ],
)
def test_ahead_is_claimed_for_one_that_answers_quickly(made: Claimed, claimed: int) -> None:
    assert made.to_claim(4) == claimed


def test_so_many_are_sent_at_a_time_as_it_has_places() -> None:
    made = made_of(OK)
    made.places = 2
    made.waiting.extend(rows(5))
    assert made.taken == 2
    assert [made.next(), made.next(), made.next()] == [0, 1, None]
    made.done()
    assert [made.next(), made.next()] == [2, None]
    made.waiting.clear()
    made.done()
    assert (made.taken, made.is_idle) == (1, False)
    made.done()
    assert (made.taken, made.is_idle) == (0, True)


@pytest.mark.parametrize(
    ("outcomes", "first_failure", "has_succeeded"),
    [
        ("s", None, True),
        ("f", 0, False),
        ("ff", 0, False),
        ("sff", 1, True),
        ("fs", None, True),
        ("fsf", 2, True),
    ],
)
def test_an_endpoint_fails_since_the_first_failure_after_its_last_success(
    outcomes: str, first_failure: int | None, *, has_succeeded: bool
) -> None:
    endpoint_id = new_id()
    attempts = [
        Attempt(
            delivery_id=new_id(),
            endpoint_id=endpoint_id,
            is_success=outcome == "s",
            said={},
            at=utc_now(),
            again_after_s=None,
        )
        for outcome in outcomes
    ]
    since = None if first_failure is None else attempts[first_failure].at
    assert _marks(attempts) == {endpoint_id: (since, has_succeeded)}
