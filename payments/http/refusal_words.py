"""Refusals in words: what is wrong and what to do next, for the people who read `detail`."""

from typing import Final

_NEW_KEY: Final = "under a new Idempotency-Key if you use one: a key keeps its first outcome."
WORDS: Final = {
    "account_exists": "There is an account of this number already.",
    "account_not_found": "There is no such account.",
    "already_confirmed": "The payment was confirmed before with its right code; nothing is left to "
    "confirm.",
    "already_refunded": "It was refunded before, once for all; nothing moved now.",
    "already_reversed": "Less is left of the transfer than this would give back. "
    "GET /v1/transfers/{id} shows what was reversed.",
    "approver_is_proposer": "The second person must be another one than who proposed it.",
    "bad_account_number": "An account number begins with the id of its bank.",
    "bad_code": "The code is wrong; `tries_left` says how often another may be tried.",
    "bank_exists": "There is a bank of this id or name already.",
    "bank_not_found": "There is no such bank.",
    "bill_not_found": "You have no such bill. GET /shop/bills lists yours.",
    "bill_owner_mismatch": "The bill belongs to another user.",
    "break_not_found": "There is no such break.",
    "break_resolved": "The break is resolved already.",
    "client_not_found": "There is no such client.",
    "confirmation_expired": "The code can no longer be used: ten minutes are over, or five tries. "
    "Start a new payment.",
    "currency_mismatch": "The wallets and the amount are not of one currency. "
    "Ask in the wallet's own, which it has for life.",
    "deposit_not_found": "There is no such deposit.",
    "deposit_not_watched": "The deposit has ended and is watched no more.",
    "exceeds_hold": "Less is left of the hold than the amount. "
    "GET /v1/holds/{id} shows what remains.",
    "hold_closed": "The hold is used up, released or over its time. Make a new one.",
    "hold_not_expired": "The hold has not expired yet.",
    "hold_not_found": "There is no such hold.",
    "insufficient_funds": "Less is available than the amount. Ask again when money has come in, "
    + _NEW_KEY,
    "no_tariff": "Nobody has agreed what a payment between these two banks costs; the bank has to "
    "set a tariff first.",
    "not_cancelable": "The payout has ended, or may be on its way to SuperPay, and cannot be "
    "canceled. GET /v1/payouts/{id} shows where it stands.",
    "not_due": "It is not time for that yet.",
    "not_pending": "It waits for nothing any more.",
    "not_refundable": "Only a payment that was paid can be refunded; one of these was not.",
    "not_resolvable": "Only a payout that needs an operator can be resolved.",
    "not_reversible": "A reversal cannot be reversed. Make a new transfer.",
    "not_submittable": "The payout cannot be sent in its present status.",
    "not_watched": "The payout has ended and is watched no more.",
    "operation_not_found": "There is no such operation of yours.",
    "organization_not_found": "There is no such organization.",
    "other_resolution_proposed": "Another resolution is proposed: the second person agrees to that "
    "very `proposal`.",
    "payment_already_matched": "The payment belongs to an organization already.",
    "payment_not_found": "There is no such payment.",
    "payout_not_found": "There is no such payout.",
    "product_not_found": "There is no such product.",
    "same_account": "Both accounts are the same one.",
    "same_wallet": "Source and destination are the same wallet. Name two.",
    "source_wallet_not_owned": "The source wallet belongs to another user.",
    "too_many_wrong_codes": "Too many wrong codes were tried on the payer's account; it pays "
    "nothing here until `blocked_until`.",
    "transfer_not_found": "There is no such transfer.",
    "user_already_has_wallet": "The user has a wallet already.",
    "wallet_frozen": "A wallet of this operation is frozen: no money goes in or out. "
    "Ask again when it is unfrozen, " + _NEW_KEY,
    "wallet_not_found": "There is no such wallet. Check the numbers of the wallets named.",
}


def refusal_words(code: str) -> str:
    """The sentence of a refusal; its code in plain words when there is none."""
    return WORDS.get(code) or f"refused: {code.replace('_', ' ')}"
