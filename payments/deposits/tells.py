"""Deposits as events tell them: the new state. Their story (`events`) is left to the GET."""

from typing import Any

import msgspec

from payments.deposits.queries import deposit_view
from payments.deposits.status import DepositState
from payments.deposits.tables import Deposit
from payments.operations.telling import Tells
from payments.provider.schedule import Schedule


def happened(before: Deposit | None, after: Deposit) -> str | None:
    """The state that it has come to."""
    return after.state.value if before is None or before.state is not after.state else None


def tells(schedule: Schedule) -> Tells:
    """`schedule`: when SuperPay is asked again, for `next_check_at`."""

    def view(deposit: Deposit, *_: Any) -> dict[str, Any]:
        shown = msgspec.structs.asdict(deposit_view(deposit, schedule))
        del shown["events"]
        return shown

    return Tells(
        record=Deposit,
        noun="deposit",
        view=view,
        happened=happened,
        words=tuple(state.value for state in DepositState),
    )
