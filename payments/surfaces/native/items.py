"""Items of a bulk: from the body of a single POST, with the id of its path, to its intent.

Where nothing is looked up, the single POST's own function does it.
"""

from typing import Any

from payments.holds.capture import CaptureHold
from payments.holds.extend import ExtendHold
from payments.holds.release import ReleaseHold
from payments.http.auth import actor_of
from payments.http.services import HttpRequest, Time, service
from payments.payouts.cancel import CancelPayout
from payments.surfaces.native import holds, postings, transactions, transfers
from payments.surfaces.superpay import payouts
from payments.transactions.create import CreateTransaction
from payments.transactions.reverse import ReverseTransaction
from payments.transfers.reverse import ReverseTransfer


async def transfer_reversal(request: HttpRequest, body: Any) -> ReverseTransfer:
    """`POST /v1/transfers/{id}/reverse`."""
    return transfers.reversal(await transfers.look(request, str(body.transfer_id)), body)


async def transaction(request: HttpRequest, body: Any) -> CreateTransaction:
    """`POST /v1/transactions`."""
    intent = postings.transaction(body, service(request, Time).now())
    postings.check_accounts(actor_of(request), intent.postings)
    return intent


async def transaction_reversal(request: HttpRequest, body: Any) -> ReverseTransaction:
    """`POST /v1/transactions/{id}/reverse`."""
    found = await transactions.look(request, str(body.transaction_id))
    return transactions.reversal(request, found, body)


async def capture(request: HttpRequest, body: Any) -> CaptureHold:
    """`POST /v1/holds/{id}/capture`."""
    return holds.capture(await holds.look(request, str(body.hold_id)), body)


def release(body: Any) -> ReleaseHold:
    """`POST /v1/holds/{id}/release`."""
    return ReleaseHold(hold_id=body.hold_id)


async def hold_extension(request: HttpRequest, body: Any) -> ExtendHold:
    """`POST /v1/holds/{id}/extend`."""
    return holds.extension(await holds.look(request, str(body.hold_id)), body)


async def payout_cancellation(request: HttpRequest, body: Any) -> CancelPayout:
    """`POST /v1/payouts/{id}/cancel`."""
    return payouts.cancellation(await payouts.look(request, str(body.payout_id)))
