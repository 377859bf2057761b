"""Adjustments: a wallet is credited or debited by hand."""

from typing import Final

from litestar import post

import payments.wallets.adjust
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import money_in, read_body
from payments.http.operations import submit
from payments.http.reply import Reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest
from payments.surfaces.native.bodies import AdjustmentBody
from payments.wallets.adjust import AdjustWallet


def adjustment(body: AdjustmentBody) -> AdjustWallet:
    """The intent of a body."""
    money = money_in(body.amount, body.currency)
    return AdjustWallet(
        wallet_id=body.wallet_id,
        minor=money.minor,
        currency=money.currency,
        is_credit=body.direction == "credit",
        reason=body.reason,
    )


@post(
    "/v1/adjustments",
    access=Access(API_KEY, ADMIN, operation=payments.wallets.adjust.OPERATION, body=AdjustmentBody),
)
async def adjust(request: HttpRequest) -> Reply:
    """Credit or debit a wallet by hand, with a reason."""
    body = await read_body(request, AdjustmentBody)
    return await submit(request, payments.wallets.adjust.OPERATION, adjustment(body))


HANDLERS: Final = (adjust,)
