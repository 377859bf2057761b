"""Our accounts at banks, and claims: which lines pay what of ours."""

from functools import partial
from typing import Final

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.statements.settle
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.kernel.money import currency_of
from payments.statements import writes
from payments.statements.account_list import (
    StatementAccountView,
    get_account,
    list_accounts,
)
from payments.statements.claiming import claim_intent
from payments.surfaces.bankwebhook.answers import StatementAccountList
from payments.surfaces.bankwebhook.bodies import ClaimBody, StatementAccountPatch, drift_of

SCOPE: Final = "reconciliation:write"
DECIDED_WITHIN_S: Final = 10


@get(
    "/v1/statement-accounts",
    access=Access(API_KEY, SCOPE, query=Page, answers={200: StatementAccountList}),
)
async def list_statement_accounts(
    request: HttpRequest, engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> ASGIResponse:
    """Our accounts at banks and providers, and which statement is late."""
    listing = Listing(
        cursor=int,
        read=partial(list_accounts, engine, clock.now().date()),
        key=lambda row: row[0],
        item=lambda row: row[1],
    )
    return await list_reply(request, read_query(request, Page), listing)


@patch(
    "/v1/statement-accounts/{account:str}",
    access=Access(API_KEY, SCOPE, body=StatementAccountPatch, answers={200: StatementAccountView}),
)
async def change_statement_account(
    request: HttpRequest,
    account: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Say who pays out what the account's files say, with which drift, and when files are late."""
    body = await read_body(request, StatementAccountPatch)
    known = await get_account(engine, account, clock.now().date())
    given = {n: v for n, v in msgspec.structs.asdict(body).items() if v is not msgspec.UNSET}
    drift = given.pop("drift")
    if bytes(drift):
        given["drift_minor"] = drift_of(drift, currency_of(known.currency))
    await writes.change_account(engine, account, given)
    return json_reply(await get_account(engine, account, clock.now().date()))


@post(
    "/v1/statement-claims",
    access=Access(API_KEY, SCOPE, operation=payments.statements.settle.OPERATION, body=ClaimBody),
)
async def claim_lines(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Say that lines of a bank pay settlement files, payouts or payments: to the minor unit.

    One line may pay many of ours, and many lines one; each line and each of ours is claimed once.
    """
    body = await read_body(request, ClaimBody)
    intent = await claim_intent(
        engine,
        tuple(body.line_ids),
        tuple(body.subject_ids),
        partial(drift_of, body.drift),
        body.reason,
    )
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.statements.settle.OPERATION, intent, wait_s=wait_s)


HANDLERS: Final = (list_statement_accounts, change_statement_account, claim_lines)
