"""Explains the state of a payout's money in one sentence for a support desk."""

from typing import Final

from payments.payouts.status import HOLDING, UNCERTAIN, PayoutState

CERTAINTIES: Final = ("certain", "unknown")
HOLD_STATES: Final = ("open", "captured", "released")

STUCK_AFTER_S: Final = {
    PayoutState.HELD: 86_400,
    PayoutState.SUBMITTING: 900,
    PayoutState.UNKNOWN: 900,
    PayoutState.ACCEPTED: 86_400,
    PayoutState.NEEDS_OPERATOR: 0,
}
"""A payout that stays longer than this in a state raises an alarm; `needs_operator` does so at
once.
"""

_SENTENCES: Final = {
    PayoutState.HELD: "The money is held; nothing has been sent to SuperPay{because}.",
    PayoutState.SUBMITTING: "The payout is being sent to SuperPay just now; the money is held.",
    PayoutState.UNKNOWN: (
        "SuperPay may or may not have taken the payout{because}. "
        "The money stays held until SuperPay says what became of it."
    ),
    PayoutState.ACCEPTED: "SuperPay has accepted the payout and works on it; the money is held.",
    PayoutState.PAID: "It is paid{because}; the money has left the wallet.",
    PayoutState.REVERSED: "It was paid and came back; the money is in the wallet again.",
    PayoutState.FAILED: "It failed for good{because}; the money is free again.",
    PayoutState.CANCELED: "It was canceled{because}; the money is free again.",
    PayoutState.NEEDS_OPERATOR: (
        "What SuperPay says does not fit our payout{because}. "
        "The money stays held until two operators have resolved it."
    ),
}


def explanation(state: PayoutState, reason: str | None) -> str:
    """The sentence for a state and its reason code."""
    because = f" ({reason.replace('_', ' ')})" if reason else ""
    return _SENTENCES[state].format(because=because)


def hold_state(state: PayoutState) -> str:
    """State of the payout's hold: open, captured or released."""
    if state in HOLDING:
        return "open"
    return "captured" if state in {PayoutState.PAID, PayoutState.REVERSED} else "released"


def certainty(state: PayoutState) -> str:
    """`unknown` while nobody knows whether the money has left, else `certain`."""
    return "unknown" if state in UNCERTAIN else "certain"
