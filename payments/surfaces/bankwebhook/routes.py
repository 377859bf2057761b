"""The routes of the bank webhook and of organizations."""

from functools import partial
from typing import Final

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bankpayments.receive
from payments.bankpayments import queries, writes
from payments.bankpayments.inn import checked_inn
from payments.bankpayments.matching import submit_matches
from payments.bankpayments.queries import OrganizationView
from payments.bankpayments.tables import CURRENCY
from payments.http.access import Access, Takes
from payments.http.auth import API_KEY
from payments.http.body import read_body, read_raw
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor, short_number
from payments.operations.submit import Submitter
from payments.surfaces.bankwebhook import (
    bank_payments,
    evidence,
    statement_accounts,
    statements,
)
from payments.surfaces.bankwebhook.accept import accept_payment
from payments.surfaces.bankwebhook.bodies import (
    BankPaymentAnswer,
    BankPaymentBody,
    OrganizationAnswer,
    OrganizationBalance,
    OrganizationBody,
    OrganizationList,
)
from payments.webhooks.recording import BANK, on_record

AUTH_WEBHOOK: Final = "bank_signature"
AUTH_BALANCE: Final = "bankwebhook"
READ: Final = "wallets:read"

_ACCEPTED: Final = b'{"status":"accepted"}'
_DUPLICATE: Final = b'{"status":"duplicate"}'


@post(
    "/api/webhook/bank",
    access=Access(
        AUTH_WEBHOOK,
        operation=payments.bankpayments.receive.OPERATION,
        takes=Takes.WAIT,
        body=BankPaymentBody,
        answers={200: BankPaymentAnswer},
    ),
)
async def receive_payment(request: HttpRequest) -> Reply:
    """A payment from the bank; with `Prefer: wait=N` the response comes when it is credited.

    The same operation_id again answers 200 and changes nothing; with other content it answers 409
    `operation_conflict`. Without an INN (`0`, empty, a KIO, with a KPP) the payment waits until
    operators assign it. Refused webhooks are recorded: GET /v1/turned-away-webhooks.
    In production the header `X-Signature: v2=<hex HMAC-SHA256 over the raw body>` is required.
    """
    async with on_record(request, BANK, await read_raw(request)):
        ticket = await accept_payment(request, await read_body(request, BankPaymentBody))
    headers = (APPLIED,) if preferred_wait_s(request) else ()
    return Reply(200, _DUPLICATE if ticket.is_replay else _ACCEPTED, headers)


@get(
    "/api/organizations/{inn:str}/balance",
    access=Access(AUTH_BALANCE, READ, answers={200: OrganizationBalance}),
)
async def get_balance(inn: FromPath[str], engine: NamedDependency[AsyncEngine]) -> Reply:
    """An organization's balance, in roubles."""
    organization = await queries.get_organization(engine, inn)
    balance = short_number(organization.minor, currency_of(CURRENCY))
    return json_reply(OrganizationBalance(inn=organization.inn, balance=balance))


@post(
    "/v1/organizations",
    access=Access(
        API_KEY, ADMIN, takes=Takes.WAIT, body=OrganizationBody, answers={201: OrganizationAnswer}
    ),
)
async def add_organization(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    clock: NamedDependency[Time],
) -> Reply:
    """Add an organization; payments in suspense with its INN are credited to it."""
    body = await read_body(request, OrganizationBody)
    inn = checked_inn(body.inn)
    await writes.add_organization(engine, clock.now, inn=inn, name=body.name)
    wait_s = preferred_wait_s(request)
    await submit_matches(engine, submitter, inn=inn, wait_s=wait_s)
    return json_reply(_answer(await queries.get_organization(engine, inn)), 201)


@get("/v1/organizations", access=Access(API_KEY, READ, query=Page, answers={200: OrganizationList}))
async def list_organizations(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Organizations, newest first."""
    page = read_query(request, Page)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_organizations, engine),
        key=lambda organization: organization.organization_id,
        item=_answer,
    )
    return await list_reply(request, page, listing)


def _answer(organization: OrganizationView) -> OrganizationAnswer:
    return OrganizationAnswer(
        organization_id=organization.organization_id,
        inn=organization.inn,
        name=organization.name,
        balance=format_minor(organization.minor, currency_of(CURRENCY)),
        currency=CURRENCY,
        created_at=rfc3339(organization.created_at),
    )


ROUTER: Final = Router(
    path="/",
    route_handlers=[
        receive_payment,
        get_balance,
        add_organization,
        list_organizations,
        *bank_payments.HANDLERS,
        *evidence.HANDLERS,
        *statements.HANDLERS,
        *statement_accounts.HANDLERS,
    ],
)
