"""What each kind of break means and what to do about it, for the people who work on breaks."""

from collections.abc import Mapping
from typing import Final

from payments.breaks.tables import BreakKind

EXPLANATIONS: Final[Mapping[BreakKind, str]] = {
    BreakKind.MISSING_AT_PSP: (
        "Our books say that money moved, and the provider's registry of that day has no such line. "
        "Ask the provider whether it moved. If it did not, post the money back."
    ),
    BreakKind.MISSING_IN_LEDGER: (
        "The provider says that money moved, and our books have nothing like it. "
        "Find out whose it is. If it is ours, post it; if it is not, resolve with the reason."
    ),
    BreakKind.AMOUNT_MISMATCH: (
        "Both sides know the payment and name different amounts. "
        "Ask the provider which one moved, then post the difference if ours is wrong."
    ),
    BreakKind.CURRENCY_MISMATCH: (
        "Both sides know the payment and name different currencies. "
        "Money that arrived stands in suspense of its currency: ask the provider, then post it."
    ),
    BreakKind.STATUS_MISMATCH: (
        "The provider says another outcome than our books have. "
        "Ask the provider which is final. If ours is wrong, post what has to go back."
    ),
    BreakKind.REFERENCE_MISMATCH: (
        "The provider uses another transaction id for this payment than before. "
        "Ask which id is right; two ids can mean that it was paid twice."
    ),
    BreakKind.DUPLICATE_AT_PSP: (
        "The provider paid the same payment more than once. "
        "Ask for the second payment back; until it comes, the money is at risk."
    ),
    BreakKind.LATE_PAID_AFTER_RELEASE: (
        "The provider paid after our books gave the money back to the wallet. "
        "The wallet has the money too: take it back by a posting, or carry the loss."
    ),
    BreakKind.UNAPPLIED_DEPOSIT: (
        "Money arrived that could not be credited to its wallet and stands in suspense. "
        "When the wallet may receive again, post it from suspense to the wallet."
    ),
    BreakKind.VERSION_MISMATCH: (
        "The provider answers with an older state than it had shown before. "
        "Ask the provider which one is true before anything is posted."
    ),
    BreakKind.MISSING_AT_BANK: (
        "The bank's webhook told of a payment that the statement of its day does not have. "
        "Ask the bank. If the payment does not exist, take it back on its page."
    ),
    BreakKind.STATEMENT_GAP: (
        "A statement begins with another balance than the one before it ended with: lines or a "
        "whole statement are missing. Import the statement of the days in between."
    ),
    BreakKind.RETURNED_SPENT: (
        "The bank returned a payment whose organization had spent it, so suspense paid. "
        "Collect the money from the organization, then post it to suspense."
    ),
}
