"""SuperPay's payment page, with buttons for each outcome of a payment."""

from html import escape
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from payments_tools.simulator.amounts import on_wire, other_currency
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.lifecycle import IllegalMoveError
from payments_tools.simulator.messages import Transaction
from payments_tools.simulator.simulation import SimRequest, Simulation, simulation_of

_BUTTONS: Final = {
    "pay": "Pay",
    "less": "Pay half",
    "more": "Pay twice as much",
    "other": "Pay in another currency",
    "decline": "Decline",
}
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SuperPay sandbox</title>
<body style="font-family:system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem">
<h1>SuperPay <small>sandbox</small></h1>
<p>{description}</p><p><strong>{amount} {currency}</strong></p><p>Status: {status}</p>
<form method="post">{buttons}</form></body></html>
"""


@get("/pay/{transaction_id:str}")
async def payment_page(request: SimRequest, transaction_id: FromPath[str]) -> Response[Any]:
    """The payment page of a deposit."""
    found = _deposit(simulation_of(request), transaction_id)
    buttons = ""
    if found.status in {"created", "expired"}:
        buttons = "".join(
            f'<p><button name="action" value="{name}">{text}</button></p>'
            for name, text in _BUTTONS.items()
        )
    page = _PAGE.format(
        description=escape(found.order.description),
        amount=on_wire(found.order.minor, found.order.currency),
        currency=found.order.currency,
        status=found.status,
        buttons=buttons,
    )
    return Response(page, media_type="text/html")


@post("/pay/{transaction_id:str}")
async def press_button(request: SimRequest, transaction_id: FromPath[str]) -> Response[Any]:
    """Apply the pressed button and redirect the browser; the redirect does not prove a payment."""
    simulation = simulation_of(request)
    found = _deposit(simulation, transaction_id)
    action = str((await request.form()).get("action", ""))
    if action not in _BUTTONS:
        raise ApiError("invalid_field", "No such button.", field="action")
    try:
        _press(simulation, found, action)
    except IllegalMoveError:
        return Response("This page was used already.", media_type="text/plain", status_code=409)
    simulation.wake.set()
    order = found.order
    target = order.redirect_failure_url if action == "decline" else order.redirect_success_url
    return Redirect(path=target or "/", status_code=303)


def _press(simulation: Simulation, found: Transaction, action: str) -> None:
    order = found.order
    lifecycle = simulation.lifecycle
    if action == "decline":
        lifecycle.move(order.merchant_id, "failed", failure="payer_declined")
        return
    paid = {
        "pay": None,  # as a misbehaviour says, or exactly
        "less": (max(1, order.minor // 2), order.currency),
        "more": (order.minor * 2, order.currency),
        "other": (order.minor, other_currency(order.currency)),
    }[action]
    lifecycle.pay(order.merchant_id, paid)


def _deposit(simulation: Simulation, transaction_id: str) -> Transaction:
    found = simulation.store.find_by_transaction_id(transaction_id)
    if found is None or found.order.type != "deposit":
        raise ApiError("not_found", "No such page.")
    return found
