"""Everything under /v1 that speaks of wallets, transfers, holds and operations."""

from typing import Final

from litestar import Router

from payments.http import operation_status
from payments.surfaces.native import (
    accounts,
    adjustments,
    bulk,
    events,
    holds,
    transactions,
    transfers,
    wallets,
    webhook_endpoints,
)

ROUTER: Final = Router(
    path="/",
    route_handlers=[
        *wallets.HANDLERS,
        *adjustments.HANDLERS,
        *transfers.HANDLERS,
        *holds.HANDLERS,
        *accounts.HANDLERS,
        *transactions.HANDLERS,
        *bulk.HANDLERS,
        *events.HANDLERS,
        *webhook_endpoints.HANDLERS,
        *operation_status.HANDLERS,
    ],
)
