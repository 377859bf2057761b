"""Checks that refusals were justified and that balances in responses match the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from payments.ledger.chart import LOCAL_MAX
from payments_tools.torture.journal import Call
from payments_tools.torture.ledger_view import Operation, View

SHORT: Final = "insufficient_funds"
CAUSES: Final[Mapping[str, frozenset[str]]] = {
    "marketplace confirm": frozenset({SHORT, "confirmation_expired", "already_confirmed"}),
    # a price of 100 is all fee from alfa to sber, and few payments may wait for one payer's codes
    "marketplace pay": frozenset({SHORT, "price_within_fee", "too_many_unconfirmed"}),
    "marketplace refund": frozenset({SHORT}),
    "native adjust": frozenset({SHORT}),
    # the wallet to capture to is chosen by chance, and may be the one that is held
    "native capture": frozenset({"hold_closed", "same_wallet"}),
    "native hold": frozenset({SHORT}),
    "native release": frozenset({"hold_closed"}),
    "native reverse": frozenset({SHORT}),
    "native transfer": frozenset({SHORT}),
    # wallets are frozen one way and opened again all the time, and have little money
    "shapes atomic": frozenset({"bulk_rejected"}),
    "shapes item": frozenset({SHORT, "wallet_frozen"}),
    "shapes reverse": frozenset({SHORT, "wallet_frozen"}),
    "shapes transaction": frozenset({SHORT, "wallet_frozen"}),
    # a bill is chosen before its first top-up, which makes it, has been accepted
    "shop purchase": frozenset({SHORT, "bill_not_found"}),
    "superpay payout": frozenset({SHORT}),
    "wallet service transaction": frozenset({SHORT}),
}
"""Refusals that something in a run can cause, by surface and kind of call; others are faults."""

_BALANCES: Final = ("balance", "available", "held", "source_balance", "destination_balance")


def judge_refusal(call: Call, outcome: Operation, view: View, held: Mapping[int, int]) -> str:
    """What is wrong with a refusal, "" when it may be right.

    `held`: the most that was ever kept aside at once, by account. A refusal for lack of funds is
    wrong for certain when the payer had more than that and the amount through the whole run.
    """
    reason = outcome.reason or ""
    if reason not in CAUSES.get(f"{call.surface} {call.kind}", ()):
        return f"was refused as {reason}, which nothing in this run causes"
    if reason != SHORT or call.payer is None:
        return ""
    account = int(call.payer)
    least = view.lowest.get(account, 0) - held.get(account, 0)
    if least >= call.pays_minor:
        return f"was refused {call.pays_minor}, and account {account} never had less than {least}"
    return ""


def judge_answer(call: Call, outcome: Operation, view: View) -> Iterator[str]:
    """Where the applied answer differs from the stored result or from the ledger."""
    told = call.told or {}
    for name, value in outcome.result.items():
        if name in told and name in _BALANCES and _minor(told[name]) != _minor(value):
            yield f"was told {name} {told[name]}, stored is {value}"
    for name, account in call.balances.items():
        after = view.after.get((outcome.id, int(account)))
        if name in told and after is not None and _minor(told[name]) != after:
            yield f"was told {name} {told[name]}, account {account} had {after} after it"


def most_held(view: View) -> dict[int, int]:
    """The most that holds and payouts kept aside at once, by account."""
    changes: dict[int, list[tuple[Any, int]]] = defaultdict(list)
    for hold in view.holds:
        account = hold["wallet_id"] & LOCAL_MAX
        changes[account].append((hold["created_at"], hold["minor"]))
        if hold["closed_at"] is not None:
            changes[account].append((hold["closed_at"], -hold["minor"]))
    return {account: _peak(sorted(listed)) for account, listed in changes.items()}


def _peak(changes: list[tuple[Any, int]]) -> int:
    """The highest sum on the way; of one moment, what is kept counts before what is freed."""
    held = peak = 0
    for _, minor in sorted(changes, key=lambda change: (change[0], -change[1])):
        held += minor
        peak = max(peak, held)
    return peak


def _minor(value: Any) -> int:
    """Minor units of an amount as an answer has it, a number or a text."""
    return int(Decimal(str(value)) * 100)
