"""What holds refuse and why, in order of precedence: a row each; and what they move."""

from datetime import timedelta
from uuid import UUID

import pytest

from payments.holds import capture, create, release
from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.refusals import EXCEEDS_HOLD, HOLD_CLOSED, HOLD_NOT_EXPIRED, HOLD_NOT_FOUND
from payments.holds.release import ReleaseHold
from payments.holds.tables import Hold
from payments.ledger.account import Account
from payments.ledger.chart import Kind, owned
from payments.ledger.posting import Reserve
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS
from payments.wallets.refusals import SAME_WALLET, WALLET_FROZEN, WALLET_NOT_FOUND
from tests.fixtures.deciding import CONTEXT, NOW, account, state

HOLD_ID = UUID(int=3)
PAYER, SELLER = owned(Kind.WALLET, 1, "RUB"), owned(Kind.WALLET, 2, "RUB")


def hold(**changes: object) -> Hold:
    """60 of wallet 1 kept aside, for an hour."""
    fields: dict[str, object] = {
        "id": HOLD_ID,
        "wallet_id": 1,
        "purpose": "hold",
        "minor": 60,
        "captured_minor": 0,
        "released_minor": 0,
        "currency": "RUB",
        "description": "",
        "expires_at": NOW + timedelta(hours=1),
        "created_at": NOW,
        "closed_at": None,
    }
    return Hold(**fields | changes)  # type: ignore[arg-type]


def payer(minor: int = 100, *, held: int = 60, is_frozen: bool = False) -> Account:
    """Wallet 1."""
    found = account(PAYER, minor, is_frozen=is_frozen)
    found.debits_pending = held
    return found


SELLERS = account(SELLER)
OVER = hold(expires_at=NOW)
CLOSED = hold(captured_minor=60, closed_at=NOW)


@pytest.mark.parametrize(
    ("accounts", "asked", "reason"),
    [
        ([], {}, WALLET_NOT_FOUND),
        ([payer(held=0)], {"currency": "USD"}, CURRENCY_MISMATCH),
        ([payer(0, held=0, is_frozen=True)], {}, WALLET_FROZEN),
        ([payer(100, held=60)], {"minor": 41}, INSUFFICIENT_FUNDS),
    ],
)
def test_creating(accounts: list[Account], asked: dict[str, object], reason: Refusal) -> None:
    fields = {"wallet_id": 1, "minor": 60, "currency": "RUB"} | asked
    outcome = create.decide(CreateHold(**fields), state(accounts), CONTEXT)  # type: ignore[arg-type]
    assert outcome == Refused(refusal=reason)


@pytest.mark.parametrize(
    ("accounts", "held", "asked", "reason"),
    [
        ([], None, {}, HOLD_NOT_FOUND),
        ([], hold(purpose="payout"), {}, HOLD_NOT_FOUND),
        ([payer(), SELLERS], CLOSED, {}, HOLD_CLOSED),
        ([payer(), SELLERS], OVER, {}, HOLD_CLOSED),
        ([payer()], hold(), {"destination_wallet_id": 1}, SAME_WALLET),
        ([payer()], hold(), {}, WALLET_NOT_FOUND),
        ([payer(is_frozen=True), SELLERS], hold(), {}, WALLET_FROZEN),
        ([payer(), SELLERS], hold(), {"minor": 61}, EXCEEDS_HOLD),
    ],
)
def test_capturing(
    accounts: list[Account], held: Hold | None, asked: dict[str, object], reason: Refusal
) -> None:
    fields = {"hold_id": HOLD_ID, "destination_wallet_id": 2} | asked
    rows = [] if held is None else [held]
    outcome = capture.decide(CaptureHold(**fields), state(accounts, rows), CONTEXT)  # type: ignore[arg-type]
    assert outcome == Refused(refusal=reason)


@pytest.mark.parametrize(
    ("held", "because_expired", "reason"),
    [
        (None, False, HOLD_NOT_FOUND),
        (hold(purpose="payout"), True, HOLD_NOT_FOUND),
        (CLOSED, True, HOLD_CLOSED),
        (OVER, False, HOLD_CLOSED),
        (hold(), True, HOLD_NOT_EXPIRED),
        (hold(expires_at=None), True, HOLD_NOT_EXPIRED),
    ],
)
def test_releasing(held: Hold | None, because_expired: bool, reason: Refusal) -> None:  # noqa: FBT001 - a column
    intent = ReleaseHold(hold_id=HOLD_ID, because_expired=because_expired)
    rows = [] if held is None else [held]
    assert release.decide(intent, state([payer()], rows), CONTEXT) == Refused(refusal=reason)


def test_the_sweep_releases_what_is_over_even_of_a_frozen_wallet() -> None:
    intent = ReleaseHold(hold_id=HOLD_ID, because_expired=True)
    outcome = release.decide(intent, state([payer(is_frozen=True)], [OVER]), CONTEXT)
    assert isinstance(outcome, Applied)
    assert outcome.reserves == (Reserve(PAYER.id, -60),)
    assert outcome.legs == ()


def test_a_part_is_captured_and_the_rest_stays_unless_it_is_final() -> None:
    for is_final, freed in ((False, -20), (True, -60)):
        intent = CaptureHold(hold_id=HOLD_ID, destination_wallet_id=2, minor=20, is_final=is_final)
        outcome = capture.decide(intent, state([payer(), SELLERS], [hold()]), CONTEXT)
        assert isinstance(outcome, Applied)
        assert [leg.minor for leg in outcome.legs] == [-20, 20]
        assert outcome.reserves == (Reserve(PAYER.id, freed),)


def test_a_release_gives_back_what_is_left_and_not_what_was_taken() -> None:
    part = hold(captured_minor=20)
    for because_expired, row in ((False, part), (True, part.changed(expires_at=NOW))):
        intent = ReleaseHold(hold_id=HOLD_ID, because_expired=because_expired)
        outcome = release.decide(intent, state([payer(80, held=40)], [row]), CONTEXT)
        assert isinstance(outcome, Applied)
        assert outcome.reserves == (Reserve(PAYER.id, -40),)
        (after,) = outcome.puts
        assert isinstance(after, Hold)
        assert (after.released_minor, after.left, after.closed_at) == (40, 0, NOW)
