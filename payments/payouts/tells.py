"""Payouts as events tell them: the new state, or that somebody proposed how to resolve one."""

from payments.operations.telling import Tells
from payments.payouts.queries import Lens
from payments.payouts.status import PayoutState
from payments.payouts.tables import Payout
from payments.provider.schedule import Schedule

PROPOSED = "resolution_proposed"


def happened(before: Payout | None, after: Payout) -> str | None:
    """The state that it has come to."""
    if before is None or before.state is not after.state:
        return after.state.value
    return PROPOSED if after.proposal and after.proposal != before.proposal else None


def tells(schedule: Schedule) -> Tells:
    """`schedule`: when SuperPay is asked again, for `next_check_at`."""
    return Tells(
        record=Payout,
        noun="payout",
        view=lambda payout, _state, now: Lens(schedule=schedule, now=now).view(payout),
        happened=happened,
        words=(*(state.value for state in PayoutState), PROPOSED),
    )
