"""All pages of the console. A page is a module with `HANDLERS` and is listed here."""

from typing import Any, Final, cast

from litestar import Router

from payments.http.errors import Pages
from payments.surfaces.console import (
    account,
    actions,
    approvals,
    assets,
    auth,
    bank_payments,
    breaks,
    checks,
    dead_letters,
    deposits,
    events,
    holds,
    operators,
    payouts,
    proposals,
    search,
    statements,
    today,
    transactions,
    wallets,
    webhooks,
)
from payments.surfaces.console.errors import render_page_error

PAGES: Final = (
    assets,
    auth,
    account,
    today,
    search,
    approvals,
    wallets,
    transactions,
    payouts,
    proposals,
    deposits,
    holds,
    bank_payments,
    statements,
    breaks,
    dead_letters,
    events,
    webhooks,
    checks,
    operators,
    actions,
)

ROUTER: Final = Router(
    path="/",
    route_handlers=[handler for module in PAGES for handler in module.HANDLERS],
    exception_handlers={Exception: cast("Any", render_page_error)},
)
ERRORS: Final = Pages("/console", render_page_error)
"""A mistyped address of the console is answered with a page too."""
