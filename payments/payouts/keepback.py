"""A payout whose wallet is frozen is not sent; it waits, says why, and goes on when it is open."""

from typing import Final

from payments.ledger import chart
from payments.operations.operation import Context, State
from payments.operations.outcome import Refused
from payments.payouts.move import Fact, step
from payments.payouts.status import Claim, Verdict
from payments.payouts.tables import Evidence, Payout
from payments.provider.sighting import Source
from payments.wallets.refusals import WALLET_CLOSED, WALLET_FROZEN, usable

WALLET_REASONS: Final = frozenset({WALLET_FROZEN.code, WALLET_CLOSED.code})
"""Reasons of a payout that end when its wallet may be used again."""


def wallet_refusal(payout: Payout, state: State) -> Refused | None:
    """Why money may not leave the payout's wallet now; the hold itself is no reason."""
    usable_wallet = usable(state, chart.wallet(payout.wallet_id), payout.currency)
    return usable_wallet if isinstance(usable_wallet, Refused) else None


def kept_back(payout: Payout, refused: Refused, context: Context) -> tuple[Payout, Evidence | None]:
    """The payout with the reason, and the line of its timeline, written when the reason is new."""
    code = refused.refusal.code
    if payout.reason == code:
        return payout, None
    details = {"code": code, "note": "not sent while the wallet may not be used"}
    fact = Fact(source=Source.US, claim=Claim.NOT_SENT, details=details)
    return step(payout, fact, Verdict.INCONCLUSIVE, payout.state, context, reason=code)


def set_free(payout: Payout, context: Context) -> tuple[Payout, Evidence | None]:
    """The payout without that reason, its schedule from the beginning."""
    if payout.reason not in WALLET_REASONS:
        return payout, None
    details = {"note": "the wallet may be used again", "code": "wallet_usable"}
    fact = Fact(source=Source.US, claim=Claim.NOT_SENT, details=details)
    return step(payout, fact, Verdict.INCONCLUSIVE, payout.state, context, reason=None, checks=0)
