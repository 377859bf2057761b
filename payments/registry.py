"""The table of contents: every kind of operation, every effect, every router."""

from typing import Any, Final

from litestar import Router

import payments.apikeys.tables
import payments.holds.capture
import payments.holds.create
import payments.holds.release
import payments.ledger.tables
import payments.operations.tables
import payments.surfaces.native.router
import payments.transfers.create
import payments.transfers.reverse
import payments.wallets.adjust
import payments.wallets.freeze
import payments.wallets.open
from payments.operations.effects import EffectHandler
from payments.operations.operation import Operation

OPERATIONS: Final[tuple[Operation[Any], ...]] = (
    payments.wallets.open.OPERATION,
    payments.wallets.freeze.OPERATION,
    payments.wallets.adjust.OPERATION,
    payments.transfers.create.OPERATION,
    payments.transfers.reverse.OPERATION,
    payments.holds.create.OPERATION,
    payments.holds.capture.OPERATION,
    payments.holds.release.OPERATION,
)

EFFECTS: Final[tuple[EffectHandler[Any], ...]] = ()

ROUTERS: Final[tuple[Router, ...]] = (payments.surfaces.native.router.ROUTER,)
