"""Bank payments for operators: lists, assignment, returns; what organizations have and pay out."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bankpayments.assign
import payments.bankpayments.reverse
import payments.bankpayments.transfer
from payments.bankpayments import queries
from payments.bankpayments.assign import AssignBankPayment
from payments.bankpayments.inn import checked_inn
from payments.bankpayments.queries import PaymentView
from payments.bankpayments.reverse import ReverseBankPayment
from payments.bankpayments.tables import CURRENCY
from payments.bankpayments.transfer import TransferFromOrganization
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import minor_of, read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.money import currency_of
from payments.surfaces.bankwebhook.answers import BankPaymentList, ChangeList
from payments.surfaces.bankwebhook.bodies import (
    BankPaymentsQuery,
    OrganizationTransferBody,
    OwnerBody,
    ReturnBody,
)

READ: Final = "wallets:read"
ASSIGN: Final = "reconciliation:write"
TRANSFER: Final = "transfers:write"
DECIDED_WITHIN_S: Final = 10


@get(
    "/v1/bank-payments",
    access=Access(API_KEY, READ, query=BankPaymentsQuery, answers={200: BankPaymentList}),
)
async def list_bank_payments(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Payments from the bank, newest first; `?state=unmatched` lists those in suspense."""
    query = read_query(request, BankPaymentsQuery)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(queries.list_payments, engine, query.state, query.inn),
        key=lambda payment: (payment.received_at, payment.payment_id),
    )
    return await list_reply(request, query, listing)


@get("/v1/bank-payments/{payment_id:str}", access=Access(API_KEY, READ, answers={200: PaymentView}))
async def get_bank_payment(
    payment_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """A payment by the bank's id."""
    return json_reply(await _payment(payment_id, engine))


@post(
    "/v1/bank-payments/{payment_id:str}/assign",
    access=Access(
        API_KEY, ASSIGN, operation=payments.bankpayments.assign.OPERATION, body=OwnerBody
    ),
)
async def assign_bank_payment(
    request: HttpRequest, payment_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Assign a payment in suspense to an organization; two different clients must agree."""
    body = await read_body(request, OwnerBody)
    payment = await _payment(payment_id, engine)
    intent = AssignBankPayment(
        payment_id=payment.payment_id, inn=checked_inn(body.inn), reason=body.reason
    )
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    operation = payments.bankpayments.assign.OPERATION
    return await submit(request, operation, intent, wait_s=wait_s)


@post(
    "/v1/bank-payments/{payment_id:str}/reverse",
    access=Access(
        API_KEY, ASSIGN, operation=payments.bankpayments.reverse.OPERATION, body=ReturnBody
    ),
)
async def reverse_bank_payment(
    request: HttpRequest, payment_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Take back a payment that the bank returned to its payer.

    Its organization pays; when it has spent the money, suspense does, and a break
    `returned_spent` says so. A return that a statement shows is taken back without a request.
    """
    body = await read_body(request, ReturnBody)
    payment = await _payment(payment_id, engine)
    owner = await queries.owner_of(engine, payment.payment_id)
    intent = ReverseBankPayment(
        payment_id=payment.payment_id, reason=body.reason, organization_id=owner
    )
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.bankpayments.reverse.OPERATION, intent, wait_s=wait_s)


@post(
    "/v1/organizations/{inn:str}/transfers",
    access=Access(
        API_KEY,
        TRANSFER,
        operation=payments.bankpayments.transfer.OPERATION,
        body=OrganizationTransferBody,
    ),
)
async def transfer_from_organization(
    request: HttpRequest, inn: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Move money of an organization to a wallet in roubles, from where it can be paid out."""
    body = await read_body(request, OrganizationTransferBody)
    organization = await queries.get_organization(engine, inn)
    intent = TransferFromOrganization(
        inn=organization.inn,
        wallet_id=body.wallet_id,
        minor=minor_of(body.amount, currency_of(CURRENCY)),
        description=body.description,
    )
    return await submit(request, payments.bankpayments.transfer.OPERATION, intent)


@get(
    "/v1/organizations/{inn:str}/entries",
    access=Access(API_KEY, READ, query=Page, answers={200: ChangeList}),
)
async def list_balance_changes(
    request: HttpRequest, inn: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Changes of an organization's balance, with the balance before and after, newest first."""
    page = read_query(request, Page)
    organization = await queries.get_organization(engine, inn)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(queries.list_changes, engine, organization.organization_id),
        key=lambda change: (change.recorded_at, change.operation_id),
    )
    return await list_reply(request, page, listing)


async def _payment(payment_id: str, engine: AsyncEngine) -> PaymentView:
    return await queries.get_payment(engine, parse_id(payment_id))


HANDLERS: Final = (
    list_bank_payments,
    get_bank_payment,
    assign_bank_payment,
    reverse_bank_payment,
    transfer_from_organization,
    list_balance_changes,
)
