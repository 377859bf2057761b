"""Everything under /v1 that speaks of wallets, transfers, holds and operations."""

from typing import Final

from litestar import Router

from payments.http import operation_status
from payments.surfaces.native import bulk, holds, transfers, wallets

ROUTER: Final = Router(
    path="/",
    route_handlers=[
        *wallets.HANDLERS,
        *transfers.HANDLERS,
        *holds.HANDLERS,
        *bulk.HANDLERS,
        *operation_status.HANDLERS,
    ],
)
