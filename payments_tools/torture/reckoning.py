"""Compares the clients' journal with the ledger: nothing lost, doubled or unexplained."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from payments.ledger.chart import wallet
from payments_tools.torture.journal import Call, Journal, Standing
from payments_tools.torture.judging import judge_answer, judge_refusal, most_held
from payments_tools.torture.ledger_view import Operation, View

FOLLOW_UPS: Final = ("payout.", "deposit.", "break.", "registry.", "callback.")
"""Kinds submitted by our executor and scheduler; `provider.py` checks them."""
PREPARED: Final = "wallet.change"
"""Overdraft limits, by PATCH, before the load: no call of the journal."""
ASKED_FOR: Final = frozenset({"payout.request", "deposit.request"})
OUR_OWN: Final = ("seed", "scheduler")
"""Actors whose operations no client requested: opening balances of the seeds, expiry."""

CREDITED: Final = frozenset({"credited", "underpaid", "overpaid", "paid_late"})
HELD: Final = frozenset({"held", "submitting", "unknown", "accepted", "needs_operator"})


@dataclass
class Reckoning:
    """The differences; all lists are empty when every promise holds."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Balances and movements that differ from the journal, and wrong responses."""
    undecided: list[str] = field(default_factory=list)
    """Calls without a clear response long after all faults were repaired."""
    parked: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """True when all promises hold."""
        return not (self.lost or self.doubled or self.wrong or self.undecided or self.parked)


def reckon(journal: Journal, view: View) -> Reckoning:
    """All checks."""
    found = Reckoning()
    found.wrong += journal.breaches
    expected: dict[int, int] = defaultdict(int)
    by_id: dict[UUID, Call] = {}
    held = most_held(view)
    for call in journal.calls:
        if call.operation_id is not None:
            by_id.update(dict.fromkeys((call.operation_id, *call.parts), call))
        _check_call(call, view, found)
        _judge(call, view, held, found)
        _expect(call, view, expected)
    _check_strangers(by_id, view, found)
    _expect_others(view, by_id, expected)
    _check_balances(view, expected, found)
    _check_holds(view, found)
    return found


def name_of(call: Call) -> str:
    """How a call stands in a report."""
    return f"{call.surface} {call.kind} {call.key} ({call.operation_id})"


def _check_call(call: Call, view: View, found: Reckoning) -> None:
    """Compare the client's response with the outcome."""
    outcome = view.operations.get(call.operation_id) if call.operation_id else None
    if call.standing is Standing.OPEN:
        found.undecided.append(f"{name_of(call)} answers {dict(call.answers)}")
    if call.is_in:
        found.counts["accepted"] += 1
    if call.operation_id in view.parked:
        found.parked.append(name_of(call))
    elif call.is_in and outcome is None:
        found.lost.append(name_of(call))
    if outcome is None:
        return
    found.counts[outcome.status] += 1
    told = call.standing.value
    if call.standing is Standing.TURNED_AWAY or (
        told in {"applied", "rejected"} and told != outcome.status
    ):
        found.wrong.append(f"{name_of(call)} was told {told} and is {outcome.status}")
    _check_moves(call, outcome, view, found)


def _judge(call: Call, view: View, held: Mapping[int, int], found: Reckoning) -> None:
    """Whether the refusal was right and the answer true."""
    outcome = view.operations.get(call.operation_id) if call.operation_id else None
    if outcome is None:
        return
    if outcome.status == "rejected":
        found.counts["refusals judged"] += 1
        trouble = [judge_refusal(call, outcome, view, held)]
    else:
        found.counts["answers compared"] += call.told is not None
        trouble = list(judge_answer(call, outcome, view))
    found.wrong += [f"{name_of(call)} {text}" for text in trouble if text]


def _check_moves(call: Call, outcome: Operation, view: View, found: Reckoning) -> None:
    """An applied call moved exactly the requested amounts, a refused one nothing."""
    wanted = Counter(moves_of(call, outcome)) if outcome.status == "applied" else Counter()
    moved: Counter[tuple[int, int]] = Counter()
    for id_ in (outcome.id, *call.parts):
        moved += view.entries.get(id_, Counter())
    if moved == wanted:
        return
    twice = any(count > wanted[leg] for leg, count in moved.items() if leg in wanted)
    (found.doubled if twice else found.wrong).append(f"{name_of(call)} moved {dict(moved)}")


def moves_of(call: Call, outcome: Operation) -> list[tuple[int, int]]:
    """What a call does to owners' accounts when applied, zero amounts left out."""
    moves = [(int(account), minor) for account, minor in call.moves]
    if call.opens_minor is not None:
        moves.append((int(wallet(int(outcome.result["wallet_id"]))), call.opens_minor))
    return [(account, minor) for account, minor in moves if minor]


def _expect(call: Call, view: View, expected: dict[int, int]) -> None:
    outcome = view.operations.get(call.operation_id) if call.operation_id else None
    if outcome is not None and outcome.status == "applied":
        for account, minor in moves_of(call, outcome):
            expected[account] += minor


def _check_strangers(by_id: dict[UUID, Call], view: View, found: Reckoning) -> None:
    """Report applied operations that no client requested, for example a second copy."""
    for outcome in view.operations.values():
        is_ours = outcome.actor.startswith(OUR_OWN) or (
            outcome.kind.startswith((*FOLLOW_UPS, PREPARED)) and outcome.kind not in ASKED_FOR
        )
        if outcome.id not in by_id and not is_ours and outcome.status == "applied":
            found.doubled.append(
                f"{outcome.kind} {outcome.id} of {outcome.actor}: nobody asked for it"
            )


def _expect_others(view: View, by_id: dict[UUID, Call], expected: dict[int, int]) -> None:
    """Opening money of the seeds; money that left and came through the provider."""
    for operation_id, moved in view.entries.items():
        if operation_id not in by_id and view.operations[operation_id].actor.startswith(OUR_OWN):
            for (account, minor), count in moved.items():
                expected[account] += minor * count
    for payout in view.payouts:
        if payout["state"] == "paid":
            expected[int(wallet(payout["wallet_id"]))] -= payout["minor"]
    for deposit in view.deposits:
        if deposit["state"] in CREDITED:
            expected[int(wallet(deposit["wallet_id"]))] += deposit["paid_minor"]


def _check_balances(view: View, expected: dict[int, int], found: Reckoning) -> None:
    found.counts["accounts"] = len(view.balances)
    for account in sorted(view.balances.keys() | expected.keys()):
        has, wanted = view.balances.get(account, 0), expected.get(account, 0)
        if has != wanted:
            found.wrong.append(f"account {account} has {has}, the journal implies {wanted}")


def _check_holds(view: View, found: Reckoning) -> None:
    """Wallets of payouts hold exactly the open payouts."""
    wanted: dict[int, int] = {int(wallet(p["wallet_id"])): 0 for p in view.payouts}
    for payout in view.payouts:
        if payout["state"] in HELD:
            wanted[int(wallet(payout["wallet_id"]))] += payout["minor"]
    for account, minor in wanted.items():
        if view.pending.get(account, 0) != minor:
            found.wrong.append(
                f"account {account} holds {view.pending.get(account)}, payouts say {minor}"
            )
