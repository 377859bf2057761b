"""Why an operation of `bankpayments` is refused."""

from typing import Final

from payments.operations.outcome import Refusal
from payments.operations.refusals import OtherProposal

PAYMENT_NOT_FOUND: Final = Refusal(
    "payment_not_found",
    404,
    "There is no such payment.",
)
PAYMENT_ALREADY_MATCHED: Final = Refusal(
    "payment_already_matched",
    409,
    "The payment belongs to an organization already.",
)
PAYMENT_REVERSED: Final = Refusal(
    "payment_reversed",
    409,
    "The payment was returned to its payer already: its `reversal` says when and by whom.",
)
PAYMENT_SETTLED: Final = Refusal(
    "payment_settled",
    409,
    "The payment is what a provider paid out for its settlement files: no organization's.",
)
PAYMENT_CHANGED: Final = Refusal(
    "payment_changed",
    409,
    "The payment got another owner in the meantime. Look at it again and repeat the request.",
    is_transient=True,
)
OTHER_OWNER_PROPOSED: Final = Refusal(
    "other_owner_proposed",
    409,
    "Somebody else proposed another organization: the second person agrees to that very "
    "`proposal`.",
    carries=OtherProposal,
)
ORGANIZATION_NOT_FOUND: Final = Refusal(
    "organization_not_found",
    404,
    "There is no such organization.",
)
