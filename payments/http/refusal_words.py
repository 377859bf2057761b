"""Refusals in words: what is wrong and what to do next, for the people who read `detail`."""

from typing import Final

_NEW_KEY: Final = "under a new Idempotency-Key if you use one: a key keeps its first outcome."
_WORDS: Final = {
    "already_reversed": "Less is left of the transfer than this would give back. "
    "GET /v1/transfers/{id} shows what was reversed.",
    "currency_mismatch": "The wallets and the amount are not of one currency. "
    "Ask in the wallet's own, which it has for life.",
    "exceeds_hold": "Less is left of the hold than the amount. "
    "GET /v1/holds/{id} shows what remains.",
    "hold_closed": "The hold is used up, released or over its time. Make a new one.",
    "hold_not_found": "There is no such hold.",
    "insufficient_funds": "Less is available than the amount. Ask again when money has come in, "
    + _NEW_KEY,
    "not_reversible": "A reversal cannot be reversed. Make a new transfer.",
    "same_wallet": "Source and destination are the same wallet. Name two.",
    "transfer_not_found": "There is no such transfer.",
    "wallet_frozen": "A wallet of this operation is frozen: no money goes in or out. "
    "Ask again when it is unfrozen, " + _NEW_KEY,
    "wallet_not_found": "There is no such wallet. Check the numbers of the wallets named.",
}


def refusal_words(code: str) -> str:
    """The sentence of a refusal; its code in plain words when there is none."""
    return _WORDS.get(code) or f"refused: {code.replace('_', ' ')}"
