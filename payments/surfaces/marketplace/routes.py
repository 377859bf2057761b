"""POST /bank/auth, balance, pay, confirm, operation, refund."""

from typing import Final

from litestar import Router, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.banks.confirm
import payments.banks.refund
import payments.banks.request
from payments.banks import queries
from payments.banks.books import CURRENCY
from payments.banks.codes import Codes
from payments.http.access import Access, Takes
from payments.http.body import read_body
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.kernel.money import plain_minor
from payments.mail.message import masked
from payments.operations.submit import Submitter
from payments.surfaces.marketplace import intents
from payments.surfaces.marketplace.access import MARKETPLACE
from payments.surfaces.marketplace.answers import answer, operation_answer, operation_id_of
from payments.surfaces.marketplace.bodies import (
    AuthAnswer,
    AuthBody,
    BalanceAnswer,
    BalanceBody,
    ConfirmBody,
    OperationAnswer,
    OperationBody,
    PayBody,
    RefundBody,
)


@post(
    "/auth",
    access=Access(MARKETPLACE, body=AuthBody, answers={200: AuthAnswer}, sees_accepted=True),
)
async def auth(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Check a key and a customer's account."""
    body = await read_body(request, AuthBody)
    email = await queries.find_email(engine, body.number_invoice_customer)
    if email is None:
        raise intents.AccountNotFound
    return json_reply(AuthAnswer(masked(email)))


@post(
    "/balance",
    access=Access(MARKETPLACE, body=BalanceBody, answers={200: BalanceAnswer}, sees_accepted=True),
)
async def balance(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Balance of an account."""
    body = await read_body(request, BalanceBody)
    minor = await queries.find_balance(engine, body.number_invoice_seller)
    if minor is None:
        raise intents.AccountNotFound
    return json_reply(BalanceAnswer(plain_minor(minor, CURRENCY)))


@post(
    "/pay",
    access=Access(
        MARKETPLACE,
        operation=payments.banks.request.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=PayBody,
        answers={200: payments.banks.request.OPERATION.result},
    ),
)
async def pay(
    request: HttpRequest,
    codes: NamedDependency[Codes],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Request a payment; the customer gets a confirmation code by e-mail."""
    operation_id = operation_id_of(request)
    intent = await intents.pay(
        request, await read_body(request, PayBody), operation_id, codes, engine
    )
    return await answer(request, payments.banks.request.OPERATION, intent, operation_id, submitter)


@post(
    "/confirm",
    access=Access(
        MARKETPLACE,
        operation=payments.banks.confirm.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=ConfirmBody,
        answers={200: payments.banks.confirm.OPERATION.result},
        sees_accepted=True,
    ),
)
async def confirm(
    request: HttpRequest,
    codes: NamedDependency[Codes],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Pay, with the code from the mail.

    Repeating the right code answers `success` again and does not pay again.
    """
    intent = await intents.confirm(request, await read_body(request, ConfirmBody), codes, engine)
    return await answer(
        request, payments.banks.confirm.OPERATION, intent, operation_id_of(request), submitter
    )


@post(
    "/operation",
    access=Access(
        MARKETPLACE, body=OperationBody, answers={200: OperationAnswer}, sees_accepted=True
    ),
)
async def operation(
    request: HttpRequest, clock: NamedDependency[Time], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """A payment: status, amount, fee, parties."""
    body = await read_body(request, OperationBody)
    payment = await intents.own_payment(request, body.operation_key, engine)
    return json_reply(operation_answer(payment, clock.now()))


@post(
    "/refund",
    access=Access(
        MARKETPLACE,
        operation=payments.banks.refund.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=RefundBody,
        answers={200: payments.banks.refund.OPERATION.result},
        sees_accepted=True,
    ),
)
async def refund(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Refund payments, all of them or none."""
    intent = await intents.refund(request, await read_body(request, RefundBody), engine)
    return await answer(
        request, payments.banks.refund.OPERATION, intent, operation_id_of(request), submitter
    )


ROUTER: Final = Router(
    path="/bank", route_handlers=[auth, balance, pay, confirm, operation, refund]
)
