"""Compares our payouts and deposits with what the provider paid and received."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from payments_tools.torture.ledger_view import View

NEVER_PAID: Final = frozenset({"failed", "canceled"})
PAID: Final = frozenset({"paid", "reversed"})
FINAL: Final = PAID | NEVER_PAID | {"needs_operator"}
OPEN_DEPOSITS: Final = frozenset({"created", "pending"})
STUCK: Final = "sim:stuck"
"""The provider never finishes these transactions; they stay `accepted`."""


@dataclass
class Provider:
    """Sums in minor units of what moved at the provider and in our books, and what differs."""

    payouts: dict[str, int] = field(default_factory=dict)
    """Number of payouts by state."""
    paid_minor: int = 0
    settled_minor: int = 0
    open_minor: dict[str, int] = field(default_factory=dict)
    """Amounts that the provider paid for payouts not settled here yet, by our state."""
    received_minor: int = 0
    credited_minor: int = 0
    wrong: list[str] = field(default_factory=list)


async def movements(simulator: str) -> list[dict[str, Any]]:
    """Every movement of money at the provider."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"{simulator}/_sim/totals")
        moved: list[dict[str, Any]] = answer.raise_for_status().json()["movements"]
        return moved


def unfinished(view: View) -> list[str]:
    """Payouts, deposits and holds that should have ended, those stuck on purpose aside."""
    payouts = [
        f"payout {p['id']} is {p['state']} ({p['description']})"
        for p in view.payouts
        if p["state"] not in FINAL and not is_legitimate(p)
    ]
    deposits = [
        f"deposit {d['id']} is {d['state']} ({d['description']})"
        for d in view.deposits
        if d["state"] in OPEN_DEPOSITS
    ]
    holds = [
        f"hold {h['id']} is over its time and open: expired holds are not swept"
        for h in view.holds
        if h["is_overdue"] and h["closed_at"] is None
    ]
    return payouts + deposits + holds


def is_legitimate(payout: dict[str, Any]) -> bool:
    """May stay open: stuck there, or sent by a clock that ran ahead and not resent yet."""
    is_waiting = payout["state"] == "unknown" and payout["is_ahead"]
    return is_waiting or (payout["state"] == "accepted" and STUCK in payout["description"])


def compare(view: View, moved: list[dict[str, Any]]) -> Provider:
    """Both sides, payout by payout, deposit by deposit, and in sum."""
    found = Provider()
    by_kind: dict[str, dict[int, int]] = defaultdict(dict)
    for one in moved:
        if one["merchant_id"] in by_kind[one["kind"]]:
            found.wrong.append(f"{one['merchant_id']} was {one['kind']} twice")
        by_kind[one["kind"]][one["merchant_id"]] = int(one["minor"])
    paid = by_kind["paid"]
    for payout in view.payouts:
        _check_payout(payout, paid, found)
    strangers = paid.keys() - {p["merchant_id"] for p in view.payouts}
    found.wrong += [f"the provider paid {m}, which is no payout of ours" for m in strangers]
    _check_deposits(view, by_kind["received"], found)
    found.paid_minor = sum(paid.values())
    found.received_minor = sum(by_kind["received"].values())
    nameless = found.paid_minor - found.settled_minor - sum(found.open_minor.values())
    if nameless:
        found.wrong.append(f"{nameless} kopecks the provider paid belong to no payout of ours")
    return found


def _check_payout(payout: dict[str, Any], paid: dict[int, int], found: Provider) -> None:
    state, merchant_id = payout["state"], payout["merchant_id"]
    found.payouts[state] = found.payouts.get(state, 0) + 1
    if state in PAID:
        found.settled_minor += payout["minor"]
        if paid.get(merchant_id) != payout["minor"]:
            found.wrong.append(
                f"payout {payout['id']} is {state}, the provider paid {paid.get(merchant_id)}"
            )
    elif state in NEVER_PAID and merchant_id in paid:
        found.wrong.append(f"payout {payout['id']} is {state}, and the provider paid it")
    elif merchant_id in paid:
        found.open_minor[state] = found.open_minor.get(state, 0) + paid[merchant_id]


def _check_deposits(view: View, received: dict[int, int], found: Provider) -> None:
    for deposit in view.deposits:
        ours, theirs = deposit["paid_minor"], received.get(deposit["merchant_id"])
        found.credited_minor += ours or 0
        if ours != theirs:
            found.wrong.append(
                f"deposit {deposit['id']} has {ours}, the provider received {theirs}"
            )
