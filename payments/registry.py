"""The table of contents: every kind of operation, effect, router, and what events tell of."""

from typing import Any, Final

from litestar import Router

import payments.accounts.open
import payments.accounts.tells
import payments.apikeys.tables
import payments.approvals.tables
import payments.bankpayments.assign
import payments.bankpayments.match
import payments.bankpayments.receive
import payments.bankpayments.reverse
import payments.bankpayments.tells
import payments.bankpayments.transfer
import payments.banks.confirm
import payments.banks.expire
import payments.banks.open_account
import payments.banks.open_bank
import payments.banks.refund
import payments.banks.request
import payments.banks.send_code
import payments.bills.topup
import payments.breaks.resolve
import payments.breaks.tells
import payments.callbacks.tables
import payments.clientwallets.deposit
import payments.clientwallets.open
import payments.clientwallets.transfer
import payments.deposits.check
import payments.deposits.observe
import payments.deposits.request
import payments.deposits.tells
import payments.endpoints.tables
import payments.events.tables
import payments.holds.capture
import payments.holds.create
import payments.holds.extend
import payments.holds.release
import payments.holds.tells
import payments.ledger.tables
import payments.operations.tables
import payments.operators.tables
import payments.payouts.cancel
import payments.payouts.check
import payments.payouts.observe
import payments.payouts.request
import payments.payouts.resolve
import payments.payouts.submit
import payments.payouts.tells
import payments.provider.tables
import payments.purchases.create
import payments.reconciliation.fetch
import payments.reconciliation.tables
import payments.sessions.tables
import payments.statements.book
import payments.statements.settle
import payments.statements.tells
import payments.surfaces.bankwebhook.routes
import payments.surfaces.console.routes
import payments.surfaces.marketplace.routes
import payments.surfaces.marketplace.tells
import payments.surfaces.native.bulk
import payments.surfaces.native.routes
import payments.surfaces.shop.routes
import payments.surfaces.shop.tells
import payments.surfaces.superpay.effects
import payments.surfaces.superpay.fetching
import payments.surfaces.superpay.routes
import payments.surfaces.walletservice.routes
import payments.surfaces.walletservice.tells
import payments.transactions.create
import payments.transactions.reverse
import payments.transactions.tells
import payments.transfers.create
import payments.transfers.reverse
import payments.transfers.tells
import payments.users.tables
import payments.wallets.adjust
import payments.wallets.change
import payments.wallets.close
import payments.wallets.freeze
import payments.wallets.open
import payments.wallets.tells
import payments.webhooks.tables
from payments.events.event import Packings
from payments.operations.effects import EffectHandler
from payments.operations.operation import Operation
from payments.operations.telling import Says, Tells
from payments.provider.schedule import Schedule

OPERATIONS: Final[tuple[Operation[Any], ...]] = (
    payments.wallets.open.OPERATION,
    payments.wallets.freeze.OPERATION,
    payments.wallets.close.OPERATION,
    payments.wallets.adjust.OPERATION,
    payments.accounts.open.OPERATION,
    payments.transactions.create.OPERATION,
    payments.transactions.reverse.OPERATION,
    payments.wallets.change.OPERATION,
    payments.holds.extend.OPERATION,
    payments.transfers.create.OPERATION,
    payments.transfers.reverse.OPERATION,
    payments.holds.create.OPERATION,
    payments.holds.capture.OPERATION,
    payments.holds.release.OPERATION,
    payments.clientwallets.open.OPERATION,
    payments.clientwallets.deposit.OPERATION,
    payments.clientwallets.transfer.OPERATION,
    payments.bankpayments.receive.OPERATION,
    payments.bankpayments.match.OPERATION,
    payments.bankpayments.assign.OPERATION,
    payments.bankpayments.reverse.OPERATION,
    payments.bankpayments.transfer.OPERATION,
    payments.banks.open_bank.OPERATION,
    payments.banks.open_account.OPERATION,
    payments.banks.request.OPERATION,
    payments.banks.confirm.OPERATION,
    payments.banks.refund.OPERATION,
    payments.banks.expire.OPERATION,
    payments.bills.topup.OPERATION,
    payments.purchases.create.OPERATION,
    payments.payouts.request.OPERATION,
    payments.payouts.submit.OPERATION,
    payments.payouts.observe.OPERATION,
    payments.payouts.check.OPERATION,
    payments.payouts.cancel.OPERATION,
    payments.payouts.resolve.OPERATION,
    payments.deposits.request.OPERATION,
    payments.deposits.observe.OPERATION,
    payments.deposits.check.OPERATION,
    payments.breaks.resolve.OPERATION,
    payments.reconciliation.fetch.OPERATION,
    payments.surfaces.native.bulk.ATOMIC,
    payments.surfaces.native.bulk.BULK,
    payments.statements.book.OPERATION,
    payments.statements.settle.OPERATION,
)

EFFECTS: Final[tuple[EffectHandler[Any], ...]] = (
    payments.banks.send_code.HANDLER,
    *payments.surfaces.superpay.effects.HANDLERS,
    *payments.surfaces.superpay.fetching.HANDLERS,
)

ROUTERS: Final[tuple[Router, ...]] = (
    payments.surfaces.native.routes.ROUTER,
    payments.surfaces.walletservice.routes.ROUTER,
    payments.surfaces.bankwebhook.routes.ROUTER,
    payments.surfaces.marketplace.routes.ROUTER,
    payments.surfaces.shop.routes.ROUTER,
    payments.surfaces.superpay.routes.ROUTER,
)

CONSOLE: Final = payments.surfaces.console.routes.ROUTER
"""The pages for operators; `PAYMENTS_CONSOLE=off` leaves them out."""


def told(schedule: Schedule) -> tuple[Tells, ...]:
    """What events tell of; `schedule` says when SuperPay is asked again."""
    return (
        payments.wallets.tells.TELLS,
        payments.transfers.tells.TELLS,
        payments.holds.tells.TELLS,
        payments.bankpayments.tells.TELLS,
        payments.payouts.tells.tells(schedule),
        payments.deposits.tells.tells(schedule),
        payments.breaks.tells.TELLS,
        payments.statements.tells.TELLS,
        payments.surfaces.marketplace.tells.TELLS,
        *payments.surfaces.shop.tells.TELLS,
        *payments.surfaces.walletservice.tells.TELLS,
    )


SAYS: Final[tuple[Says, ...]] = (
    payments.accounts.tells.SAYS,
    payments.bankpayments.tells.SAYS,
    payments.transactions.tells.SAYS,
)
"""What operations say that make no row told above."""
PACKINGS: Final[Packings] = {
    tells.noun: tells.packing for tells in told(Schedule()) if tells.packing is not None
}
"""How events are read that are stored without their data."""
CONSOLE_PAGES: Final = payments.surfaces.console.routes.ERRORS
