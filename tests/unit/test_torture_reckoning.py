"""The reckoning of torture sees what it is there for: each lie of the platform is named."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from payments.kernel.ids import AccountId
from payments_tools.torture.journal import Call, Journal, Standing
from payments_tools.torture.ledger_view import Operation, View
from payments_tools.torture.provider import compare, unfinished
from payments_tools.torture.reckoning import Reckoning, reckon

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SOURCE, DESTINATION = AccountId(1), AccountId(2)
ID = UUID(int=1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.jsonl")
    yield journal
    journal.close()


def transfer(journal: Journal, minor: int, standing: Standing, **told: str) -> Call:
    """One transfer from the first to the second account."""
    call = Call(
        surface="native",
        kind="transfer",
        key="k",
        path="/v1/transfers",
        body=b"",
        headers={},
        moves=((SOURCE, -minor), (DESTINATION, minor)),
        operation_id=ID,
        payer=SOURCE,
        pays_minor=minor,
        balances={"source_balance": SOURCE, "destination_balance": DESTINATION},
    )
    call.standing, call.told = standing, told or None
    return journal.add(call)


def operation(status: str, reason: str | None = None, **result: str) -> Operation:
    return Operation(ID, "transfer.create", "client:torture", status, reason, result)


def view(outcome: Operation, **changes: Any) -> View:
    """A ledger in which the first account has 100, and all of it went to the second if applied."""
    is_applied = outcome.status == "applied"
    opening = UUID(int=9)
    moved = Counter({(1, -10000): 1, (2, 10000): 1})
    fields: dict[str, Any] = {
        "operations": {
            ID: outcome,
            opening: Operation(opening, "wallet.adjust", "seed", "applied", None, {}),
        },
        "entries": {opening: Counter({(1, 10000): 1}), **({ID: moved} if is_applied else {})},
        "after": {(ID, 1): 0, (ID, 2): 10000} if is_applied else {},
        "lowest": {1: 0 if is_applied else 10000, 2: 10000},
        "balances": {1: 0, 2: 10000} if is_applied else {1: 10000, 2: 0},
        "pending": {},
        "holds": [],
        "parked": set(),
        "payouts": [],
        "deposits": [],
    }
    return View(**{**fields, **changes})


def test_a_true_story_is_clean(journal: Journal) -> None:
    told = {"source_balance": "0.00", "destination_balance": "100.00"}
    transfer(journal, 10000, Standing.APPLIED, **told)
    assert reckon(journal, view(operation("applied", **told))) == Reckoning(
        counts=Counter({"accepted": 1, "applied": 1, "answers compared": 1, "accounts": 2})
    )


def test_a_refusal_though_the_money_is_there(journal: Journal) -> None:
    transfer(journal, 10000, Standing.REJECTED)
    reckoning = reckon(journal, view(operation("rejected", "insufficient_funds")))
    assert ["never had less than 10000" in line for line in reckoning.wrong] == [True]


def test_a_refusal_for_lack_of_money_may_be_right(journal: Journal) -> None:
    transfer(journal, 10001, Standing.REJECTED)
    assert reckon(journal, view(operation("rejected", "insufficient_funds"))).is_clean


def test_money_kept_aside_counts_for_a_refusal(journal: Journal) -> None:
    transfer(journal, 10000, Standing.REJECTED)
    hold = {"wallet_id": 1, "minor": 1, "created_at": NOW, "closed_at": None, "is_overdue": False}
    outcome = operation("rejected", "insufficient_funds")
    assert reckon(journal, view(outcome, holds=[hold])).is_clean


def test_a_refusal_that_nothing_causes(journal: Journal) -> None:
    transfer(journal, 10000, Standing.REJECTED)
    reckoning = reckon(journal, view(operation("rejected", "wallet_frozen")))
    assert ["which nothing in this run causes" in line for line in reckoning.wrong] == [True]


def test_an_answer_with_a_wrong_balance(journal: Journal) -> None:
    told = {"source_balance": "0.01", "destination_balance": "100.00"}
    transfer(journal, 10000, Standing.APPLIED, **told)
    reckoning = reckon(journal, view(operation("applied", **told)))
    assert ["account 1 had 0 after it" in line for line in reckoning.wrong] == [True]


def test_an_answer_unlike_the_stored_one(journal: Journal) -> None:
    transfer(journal, 10000, Standing.APPLIED, source_balance="5.00")
    reckoning = reckon(journal, view(operation("applied", source_balance="0.00")))
    assert any("stored is 0.00" in line for line in reckoning.wrong)


def test_expired_holds_that_are_not_swept() -> None:
    hold = {
        "id": ID,
        "wallet_id": 1,
        "minor": 5,
        "created_at": NOW - timedelta(minutes=5),
        "closed_at": None,
        "is_overdue": True,
    }
    open_ = unfinished(view(operation("applied"), holds=[hold]))
    assert ["expired holds are not swept" in line for line in open_] == [True]


def payout(state: str) -> dict[str, Any]:
    return {"id": ID, "merchant_id": 7, "minor": 500, "state": state, "description": ""}


PAID = {"merchant_id": 7, "kind": "paid", "minor": 500}


def test_what_was_paid_and_is_open_here_has_a_name() -> None:
    provider = compare(view(operation("applied"), payouts=[payout("needs_operator")]), [PAID])
    assert provider.open_minor == {"needs_operator": 500}
    assert provider.wrong == []


def test_every_kopeck_of_a_difference_is_named() -> None:
    books = view(operation("applied"), payouts=[payout("paid")])
    provider = compare(books, [{**PAID, "minor": 501}])
    assert "1 kopecks the provider paid belong to no payout of ours" in provider.wrong
