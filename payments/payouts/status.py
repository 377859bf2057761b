"""The transition table of payouts. The documented table and property tests are derived from it."""

import enum
from collections.abc import Mapping
from typing import Final


class PayoutState(enum.Enum):
    """Where a payout stands."""

    HELD = "held"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    PAID = "paid"
    REVERSED = "reversed"
    FAILED = "failed"
    CANCELED = "canceled"
    NEEDS_OPERATOR = "needs_operator"


class Claim(enum.Enum):
    """What a piece of evidence says, ours or the provider's."""

    SUBMIT = "submit"
    """We are about to send it."""
    CANCEL = "cancel"
    """The owner cancels it."""
    NOT_SENT = "not_sent"
    """It did not reach the provider or was rejected on arrival: known not to be executed."""
    AMBIGUOUS = "ambiguous"
    """Timeout, broken connection, 5xx, anything unreadable: the outcome is unknown."""
    NOT_FOUND = "not_found"
    """The provider does not know it (yet)."""
    ACCEPTED = "accepted"
    PAID = "paid"
    FAILED = "failed"
    """Refused or failed for good: no money moved and none will."""
    CANCELED = "canceled"
    RETURNED = "returned"
    """It was paid and came back."""
    CONFLICT = "conflict"
    """The provider names another amount, currency, wallet or payout, or goes back to an older
    version than it had shown before we asked.
    """
    UNRECOGNIZED = "unrecognized"
    """A status unknown to us."""
    EXHAUSTED = "exhausted"
    """Sent SENDS_MAX times and never found."""


class Verdict(enum.Enum):
    """The effect of a piece of evidence. Every piece is stored."""

    APPLIED = "applied"
    """It moved the payout."""
    CONFIRMED = "confirmed"
    STALE = "stale"
    """Older than what we know."""
    INCONCLUSIVE = "inconclusive"
    CONFLICT = "conflict"
    """It contradicts a settled state, or may do so: the state stays and a break is opened."""
    FOR_OPERATOR = "for_operator"
    """An operator has the payout and will judge it."""


S: Final = PayoutState
C: Final = Claim

_IN_FLIGHT: Final[Mapping[Claim, PayoutState]] = {
    C.ACCEPTED: S.ACCEPTED,
    C.PAID: S.PAID,
    C.FAILED: S.FAILED,
    C.CANCELED: S.CANCELED,
    C.RETURNED: S.REVERSED,
    C.CONFLICT: S.NEEDS_OPERATOR,
}

# The provider knows a payout that we consider unsent: only an operator may send, release or
# settle it.
_UNSENT_BUT_KNOWN: Final[Mapping[Claim, PayoutState]] = dict.fromkeys(
    (*_IN_FLIGHT, C.UNRECOGNIZED), S.NEEDS_OPERATOR
)

TRANSITIONS: Final[Mapping[PayoutState, Mapping[Claim, PayoutState]]] = {
    S.HELD: {C.SUBMIT: S.SUBMITTING, C.CANCEL: S.CANCELED, **_UNSENT_BUT_KNOWN},
    S.SUBMITTING: {
        C.NOT_SENT: S.HELD,
        C.AMBIGUOUS: S.UNKNOWN,
        C.UNRECOGNIZED: S.UNKNOWN,
        C.NOT_FOUND: S.UNKNOWN,
        **_IN_FLIGHT,
    },
    S.UNKNOWN: {C.SUBMIT: S.SUBMITTING, C.EXHAUSTED: S.NEEDS_OPERATOR, **_IN_FLIGHT},
    S.ACCEPTED: {c: s for c, s in _IN_FLIGHT.items() if c is not C.ACCEPTED},
    S.PAID: {C.RETURNED: S.REVERSED},
    S.REVERSED: {},
    S.FAILED: {},
    S.CANCELED: {},
    S.NEEDS_OPERATOR: {c: s for c, s in _IN_FLIGHT.items() if c is not C.CONFLICT},
}
"""State → claim → next state. Only two operators together lead out of `needs_operator`."""

HOLDING: Final = frozenset({S.HELD, S.SUBMITTING, S.UNKNOWN, S.ACCEPTED, S.NEEDS_OPERATOR})
"""The hold is open in exactly these states."""
WATCHED: Final = HOLDING
"""States that are checked on schedule: queried, or sent when held."""
RELEASED: Final = frozenset({S.FAILED, S.CANCELED})
RESOLVABLE: Final = frozenset({S.UNKNOWN, S.ACCEPTED, S.NEEDS_OPERATOR})
"""States that two operators may resolve."""
UNCERTAIN: Final = frozenset({S.SUBMITTING, S.UNKNOWN, S.NEEDS_OPERATOR})
"""States in which nobody knows whether the money has left."""

_SAYS_NOTHING: Final = frozenset({C.NOT_SENT, C.AMBIGUOUS, C.NOT_FOUND, C.EXHAUSTED})
_AGREES: Final[Mapping[PayoutState, frozenset[Claim]]] = {
    S.ACCEPTED: frozenset({C.ACCEPTED}),
    S.PAID: frozenset({C.PAID}),
    S.REVERSED: frozenset({C.RETURNED}),
    S.FAILED: frozenset({C.FAILED, C.CANCELED}),
    S.CANCELED: frozenset({C.FAILED, C.CANCELED}),
}
_BEFORE: Final[Mapping[PayoutState, frozenset[Claim]]] = {
    S.PAID: frozenset({C.ACCEPTED}),
    S.REVERSED: frozenset({C.ACCEPTED, C.PAID}),
    S.FAILED: frozenset({C.ACCEPTED}),
    S.CANCELED: frozenset({C.ACCEPTED}),
}
"""Claims the provider makes on the way to a state: stale when they arrive late."""


def judge(
    state: PayoutState, claim: Claim, *, age: int = 0, is_operator: bool = False
) -> tuple[Verdict, PayoutState]:
    """What a claim does to a payout. `age`: <0 older, >0 newer, 0 same version or unknown."""
    if age < 0:
        return Verdict.STALE, state
    if state is S.NEEDS_OPERATOR and not is_operator:
        return Verdict.FOR_OPERATOR, state
    after = TRANSITIONS[state].get(claim)
    if after is not None:
        return Verdict.APPLIED, after
    return _unmoved(state, claim, is_newer=age > 0), state


def _unmoved(state: PayoutState, claim: Claim, *, is_newer: bool) -> Verdict:
    if claim in _SAYS_NOTHING:
        return Verdict.INCONCLUSIVE
    if claim is Claim.UNRECOGNIZED:
        # While the money is held we keep querying; for settled money it may be a charge-back.
        return Verdict.INCONCLUSIVE if state in HOLDING else Verdict.CONFLICT
    if claim in _AGREES.get(state, ()):
        return Verdict.CONFIRMED
    if claim in _BEFORE.get(state, ()) and not is_newer:
        return Verdict.STALE
    return Verdict.CONFLICT
