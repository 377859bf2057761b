"""The types of events, `<noun>.<what happened>`: they live in clients for ever.

The noun is the operation's. What happened is the new state of the thing, where it has states
(`payments.operations.telling.Tells`), else the word of this table.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    # kind: applied, rejected
    "account.open": ("opened", "rejected"),
    "bank.open": ("opened", "rejected"),
    "bank.open_account": ("account_opened", "account_rejected"),
    "bank_pay.confirm": ("confirmed", "confirmation_rejected"),
    "bank_pay.expire": ("expired", "expiry_rejected"),
    "bank_pay.refund": ("refunded", "refund_rejected"),
    "bank_pay.request": ("requested", "rejected"),
    "bank_payment.assign": ("assigned", "assignment_rejected"),
    "bank_payment.match": ("matched", "match_rejected"),
    "bank_payment.receive": ("received", "rejected"),
    "bank_payment.reverse": ("reversed", "reversal_rejected"),
    "bill.topup": ("topped_up", "topup_rejected"),
    "break.resolve": ("resolved", "resolution_rejected"),
    "bulk.accept": ("accepted", "rejected"),
    "client_transfer.create": ("applied", "rejected"),
    "client_wallet.deposit": ("deposited", "deposit_rejected"),
    "client_wallet.open": ("opened", "rejected"),
    "deposit.check": ("checked", "check_rejected"),
    "deposit.observe": ("observed", "observation_rejected"),
    "deposit.request": ("requested", "rejected"),
    "hold.capture": ("captured", "capture_rejected"),
    "hold.create": ("created", "rejected"),
    "hold.extend": ("extended", "extension_rejected"),
    "hold.release": ("released", "release_rejected"),
    "organization.transfer": ("transferred", "transfer_rejected"),
    "operations.atomic": ("applied", "rejected"),
    "payout.cancel": ("canceled", "cancel_rejected"),
    "payout.check": ("checked", "check_rejected"),
    "payout.observe": ("observed", "observation_rejected"),
    "payout.request": ("requested", "rejected"),
    "payout.resolve": ("resolved", "resolution_rejected"),
    "payout.submit": ("submitted", "submission_rejected"),
    "purchase.create": ("applied", "rejected"),
    "registry.fetch": ("requested", "rejected"),
    "statement.settle": ("settled", "settlement_rejected"),
    "statement_line.book": ("booked", "rejected"),
    "transaction.create": ("applied", "rejected"),
    "transaction.reverse": ("reversed", "reversal_rejected"),
    "transfer.create": ("applied", "rejected"),
    "transfer.reverse": ("reversed", "reversal_rejected"),
    "wallet.adjust": ("adjusted", "adjustment_rejected"),
    "wallet.change": ("changed", "change_rejected"),
    "wallet.close": ("closed", "close_rejected"),
    "wallet.freeze": ("frozen", "freeze_rejected"),
    "wallet.open": ("opened", "rejected"),
}
"""What an operation's event is called by kind. A test fails for a kind that is missing."""

ENDPOINT_DISABLED: Final = "webhook_endpoint.disabled"
ENDPOINT_TEST: Final = "webhook_endpoint.test"

UNREADABLE: Final = "operation.rejected"
"""An entry of a kind that no release knows, given up by an operator."""

OF_OUR_OWN: Final = (UNREADABLE, ENDPOINT_DISABLED, ENDPOINT_TEST)
"""Types that no operation gives."""


def noun_of(kind: str) -> str:
    """The thing a kind of operation is about."""
    return kind.partition(".")[0]


def type_of(kind: str, *, is_applied: bool) -> str:
    """The type of an operation's event, when the thing's own state says nothing more."""
    noun, _, verb = kind.partition(".")
    words = WORDS.get(kind, (f"{verb}_applied", f"{verb}_rejected"))
    return f"{noun}.{words[0 if is_applied else 1]}"


PATTERN: Final = re.compile(r"(\*|[a-z_]{1,60}\.(\*|[a-z_]{1,60}))")
"""`payout.*`, `transfer.applied` or `*`."""


def is_pattern(text: str) -> bool:
    """True for a type, `noun.*` or `*`."""
    return PATTERN.fullmatch(text) is not None


@lru_cache(maxsize=1000)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Says whether a type is among these patterns; none at all means every type."""
    if not patterns or "*" in patterns:
        return lambda _: True
    exact = {p for p in patterns if not p.endswith(".*")}
    nouns = {p.removesuffix(".*") for p in patterns if p.endswith(".*")}
    return lambda type_: type_ in exact or noun_of(type_) in nouns
