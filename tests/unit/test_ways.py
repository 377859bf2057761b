"""How long a consumer writes by turns after it has met another one."""

import asyncpg
import pytest

from payments.ledger.account import ChangedSinceError
from payments.operations import kept, ways
from payments.operations.kept import Kept
from payments.operations.locking import Locking
from payments.operations.ways import Ways


@pytest.fixture
def now_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of both."""
    now = [1000.0]
    monkeypatch.setattr(kept, "monotonic_s", lambda: now[0])
    monkeypatch.setattr(ways, "monotonic_s", lambda: now[0])
    return now


def outside(chosen: Ways) -> Locking:
    """What the first attempt at a batch is where no shift is held."""
    return chosen.beside(shift=0, has_aside=False)[0]


def in_shift(chosen: Ways, number: int) -> Locking:
    """What the first attempt at a batch is there."""
    chosen._kept.enter(number)
    return chosen.beside(shift=number, has_aside=False)[0]


def test_who_meets_again_at_once_takes_turns_for_longer(now_s: list[float]) -> None:
    chosen, lasted = Ways(Kept(), sets_aside=True), []
    for _ in range(6):
        began = now_s[0]
        chosen.contended()
        while chosen.is_contended():
            assert outside(chosen) is Locking.PATIENT
            assert in_shift(chosen, 1) is Locking.KEPT
            chosen._kept.enter(0)
            now_s[0] += 1
        lasted.append(now_s[0] - began)
    assert lasted == [5, 10, 20, 40, 60, 60]
    now_s[0] += 60
    chosen.contended()
    now_s[0] += 4
    chosen.contended()  # it is still as it was
    now_s[0] += 4
    assert chosen.is_contended()
    now_s[0] += 1
    assert not chosen.is_contended()


def test_accounts_are_locked_before_they_are_kept_again(now_s: list[float]) -> None:
    chosen = Ways(Kept(), sets_aside=True)
    assert outside(chosen) is Locking.KEPT
    chosen.contended()
    now_s[0] += 5
    assert outside(chosen) is Locking.CLAIM
    now_s[0] += 5
    assert outside(chosen) is Locking.KEPT
    assert chosen.beside(shift=0, has_aside=True)[0] is Locking.CLAIM


def test_who_has_a_backlog_too_is_taken_for_one_who_needs_our_accounts(now_s: list[float]) -> None:
    """Once: whoever is found to need none of them works beside us from then on."""
    chosen = Ways(Kept(), sets_aside=True)
    chosen.presume()
    assert chosen.is_contended()
    now_s[0] += 5
    chosen.presume()
    assert not chosen.is_contended()
    assert outside(chosen) is Locking.CLAIM, "finds out"
    now_s[0] += 5
    assert outside(chosen) is Locking.KEPT
    now_s[0] += 590
    chosen.presume()
    assert chosen.is_contended()


@pytest.mark.usefixtures("now_s")
def test_what_somebody_changed_is_explained_by_a_meeting() -> None:
    chosen = Ways(Kept(), sets_aside=True)
    chosen.failed(ChangedSinceError())
    assert outside(chosen) is Locking.CLAIM
    chosen.failed(asyncpg.LockNotAvailableError())
    assert in_shift(chosen, 1) is Locking.KEPT


@pytest.mark.parametrize("error", [ChangedSinceError(), asyncpg.LockNotAvailableError()])
def test_whoever_is_met_in_a_shift_takes_none(now_s: list[float], error: Exception) -> None:
    chosen = Ways(Kept(), sets_aside=True)
    chosen.contended()
    assert in_shift(chosen, 1) is Locking.KEPT
    chosen.failed(error)
    now_s[0] += 4
    assert in_shift(chosen, 2) is Locking.CLAIM
    now_s[0] += 6
    assert in_shift(chosen, 3) is Locking.KEPT


def test_a_changed_account_alone_is_no_other_consumer(now_s: list[float]) -> None:
    chosen = Ways(Kept(), sets_aside=True)
    chosen.failed(ChangedSinceError())
    assert not chosen.is_contended()
    assert outside(chosen) is Locking.CLAIM
    now_s[0] += 5
    assert outside(chosen) is Locking.KEPT
    chosen.failed(asyncpg.LockNotAvailableError())
    assert chosen.is_contended()
