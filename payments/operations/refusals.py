"""Refusals shared by capabilities that do not know each other; each code is one constant."""

from collections.abc import Mapping
from typing import Any, Final

from payments.operations.outcome import Refusal, Result

NEW_KEY: Final = "under a new Idempotency-Key if you use one: a key keeps its first outcome."
"""Ends a sentence that tells the client to try again."""


class OtherProposal(Result, frozen=True, kw_only=True):
    """The standing proposal; the second person must agree to exactly this one."""

    proposal: Mapping[str, Any]


BALANCE_LIMIT: Final = Refusal(
    "balance_limit",
    409,
    "An account of this operation would hold more than any account can count. Move money out of "
    "it first, and ask again " + NEW_KEY,
)
ENGINE_REFUSALS: Final = (BALANCE_LIMIT,)
"""Refusals the engine may give for any operation that moves money, whatever its
`decide` returned.
"""

CURRENCY_MISMATCH: Final = Refusal(
    "currency_mismatch",
    409,
    "The wallets and the amount are not of one currency. Ask in the wallet's own, which it "
    "has for life.",
)
INSUFFICIENT_FUNDS: Final = Refusal(
    "insufficient_funds",
    402,
    "Less is available than the amount. Ask again when money has come in, " + NEW_KEY,
)
APPROVER_IS_PROPOSER: Final = Refusal(
    "approver_is_proposer",
    409,
    "The second person must be another one than who proposed it.",
)
OTHER_RESOLUTION_PROPOSED: Final = Refusal(
    "other_resolution_proposed",
    409,
    "Another resolution is proposed: the second person agrees to that very `proposal`.",
    carries=OtherProposal,
)
NOTHING_PROPOSED: Final = Refusal(
    "nothing_proposed",
    409,
    "Nothing is proposed any more, so that there is nothing to reject. Look at it again.",
)
ACCOUNT_NOT_FOUND: Final = Refusal(
    "account_not_found",
    404,
    "There is no such account. Check its name or number, and the currency.",
)
ACCOUNT_EXISTS: Final = Refusal(
    "account_exists",
    409,
    "There is such an account already: use it, or choose another name or number.",
)
METADATA_FULL: Final = Refusal(
    "metadata_full",
    409,
    "The metadata would have more members than it may. Take some out: set them to null.",
)
SAME_ACCOUNT: Final = Refusal(
    "same_account",
    409,
    "Both accounts are the same one.",
)
