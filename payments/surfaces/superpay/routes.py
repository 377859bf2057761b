"""All SuperPay routes under /v1."""

from typing import Final

from litestar import Router

from payments.surfaces.superpay import (
    callbacks,
    deposits,
    payees,
    payouts,
    reconciliation,
    switching,
)

ROUTER: Final = Router(
    path="/",
    route_handlers=[
        *callbacks.HANDLERS,
        *payees.HANDLERS,
        *payouts.HANDLERS,
        *deposits.HANDLERS,
        *reconciliation.HANDLERS,
        *switching.HANDLERS,
    ],
)
