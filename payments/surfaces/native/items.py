"""Items of a bulk: from the body of a single POST, with the id of its path, to its intent."""

from typing import Any

from payments.deposits.request import RequestDeposit
from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.extend import ExtendHold
from payments.holds.release import ReleaseHold
from payments.http.auth import actor_of
from payments.http.services import HttpRequest, Time, service
from payments.payouts.cancel import CancelPayout
from payments.payouts.request import RequestPayout
from payments.surfaces.native import adjustments, holds, postings, transactions, transfers
from payments.surfaces.superpay import deposits, payouts
from payments.transactions.create import CreateTransaction
from payments.transactions.reverse import ReverseTransaction
from payments.transfers.create import CreateTransfer
from payments.transfers.reverse import ReverseTransfer
from payments.wallets.adjust import AdjustWallet


async def transfer(_request: HttpRequest, body: Any) -> CreateTransfer:
    """`POST /v1/transfers`."""
    return transfers.transfer(body)


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


async def hold(_request: HttpRequest, body: Any) -> CreateHold:
    """`POST /v1/holds`."""
    return holds.hold(body)


async def capture(request: HttpRequest, body: Any) -> CaptureHold:
    """`POST /v1/holds/{id}/capture`."""
    return holds.capture(await holds.look(request, str(body.hold_id)), body)


async def release(_request: HttpRequest, body: Any) -> ReleaseHold:
    """`POST /v1/holds/{id}/release`."""
    return ReleaseHold(hold_id=body.hold_id)


async def hold_extension(request: HttpRequest, body: Any) -> ExtendHold:
    """`POST /v1/holds/{id}/extend`."""
    return holds.extension(await holds.look(request, str(body.hold_id)), body)


async def payout(_request: HttpRequest, body: Any) -> RequestPayout:
    """`POST /v1/payouts`."""
    return payouts.payout(body)


async def payout_cancellation(request: HttpRequest, body: Any) -> CancelPayout:
    """`POST /v1/payouts/{id}/cancel`."""
    return payouts.cancellation(await payouts.look(request, str(body.payout_id)))


async def deposit(_request: HttpRequest, body: Any) -> RequestDeposit:
    """`POST /v1/deposits`."""
    return deposits.deposit(body)


async def adjustment(_request: HttpRequest, body: Any) -> AdjustWallet:
    """`POST /v1/adjustments`."""
    return adjustments.adjustment(body)
