"""A payout is not sent while its wallet is frozen: it waits, says why, and continues when the
wallet is open.
"""

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
"""Payout reasons that no longer apply once the wallet is open again."""


def wallet_refusal(payout: Payout, state: State) -> Refused | None:
    """Why no money may leave the payout's wallet now, or None.

    The payout's own hold does not count against it.
    """
    account_id = chart.wallet(payout.wallet_id)
    usable_wallet = usable(state, account_id, payout.currency, is_payer=True)
    return usable_wallet if isinstance(usable_wallet, Refused) else None


def kept_back(payout: Payout, refused: Refused, context: Context) -> tuple[Payout, Evidence | None]:
    """The payout with the reason it waits, and evidence for its timeline if the reason is new."""
    code = refused.refusal.code
    if payout.reason == code:
        return payout, None
    details = {"code": code, "note": "not sent while the wallet may not be used"}
    fact = Fact(source=Source.US, claim=Claim.NOT_SENT, details=details)
    return step(payout, fact, Verdict.INCONCLUSIVE, payout.state, context, reason=code)


def set_free(payout: Payout, context: Context) -> tuple[Payout, Evidence | None]:
    """The payout without that reason and with its check schedule started over."""
    if payout.reason not in WALLET_REASONS:
        return payout, None
    details = {"note": "the wallet may be used again", "code": "wallet_usable"}
    fact = Fact(source=Source.US, claim=Claim.NOT_SENT, details=details)
    return step(payout, fact, Verdict.INCONCLUSIVE, payout.state, context, reason=None, checks=0)
