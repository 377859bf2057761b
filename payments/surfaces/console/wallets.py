"""Wallets: the list, a wallet with its entries and history, freezing and unfreezing."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.wallets.freeze
from payments.approvals.queries import waiting_about
from payments.http.body import currency_in
from payments.http.lists import decode_cursor, encode_cursor
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest, Time
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.reads.replica import ReadEngine
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import Deed, act, outcome_here
from payments.surfaces.console.cells import Amount, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page
from payments.wallets import queries
from payments.wallets.freeze import FreezeWallet
from payments.wallets.queries import WalletFilters, WalletView

PATH: Final = "/console/wallets"
_ENTRIES: Final = 50


class WalletsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list."""

    owner: str | None = None
    currency: str | None = None
    status: Literal["active", "frozen", "closed"] | None = None


class FreezeForm(ActionForm, frozen=True, kw_only=True):
    """`direction`: which way money does not go any more."""

    direction: Literal["both", "debits", "credits"] = "both"


async def load(
    sources: Sources, query: WalletsQuery, before: int | None, count: int
) -> Sequence[WalletView]:
    """Wallets, newest first."""
    filters = WalletFilters(
        owner=query.owner,
        currency=None if query.currency is None else currency_in(query.currency).code,
        status=query.status,
    )
    return await queries.list_wallets(sources.engine, filters, before, count, now=sources.now)


def _href(wallet_id: int) -> str:
    return f"{PATH}/{wallet_id}"


WALLETS: Final = ListPage(
    path=PATH,
    title="Wallets",
    query=WalletsQuery,
    columns=(
        Column("Wallet", lambda w: Text(str(w.wallet_id), _href(w.wallet_id))),
        Column("Owner", lambda w: Text(w.owner)),
        Column("Status", lambda w: State(w.status)),
        Column("Balance", lambda w: Amount(w.balance, w.currency), is_number=True),
        Column("Available", lambda w: Amount(w.available, w.currency), is_number=True),
        Column("Held", lambda w: Amount(w.held, w.currency), is_number=True),
        Column("Currency", lambda w: Text(w.currency)),
        Column("Opened", lambda w: Moment(w.created_at)),
    ),
    load=load,
    key=lambda w: w.wallet_id,
    key_type=int,
    empty="No wallet yet. POST /v1/wallets opens one; docs/api.md shows how.",
)


@get(PATH, access=page_access())
async def list_wallets(
    request: HttpRequest,
    reads: NamedDependency[ReadEngine],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Wallets, newest first."""
    return await answer_list(request, WALLETS, (reads.engine, engine), console.lens())


@get(f"{PATH}/{{wallet_id:str}}", access=page_access())
async def show_wallet(
    request: HttpRequest,
    wallet_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """A wallet, its entries with the other side of each, and what operators did to it."""
    wallet = await queries.get_wallet(engine, wallet_id, seat_of(request).now)
    before = decode_cursor(request.query_params.get("cursor"), int)
    entries = await queries.list_entries(engine, wallet_id, before, _ENTRIES + 1)
    following = encode_cursor(entries[_ENTRIES - 1].entry) if len(entries) > _ENTRIES else None
    subject = Subject("wallet", str(wallet_id))
    return page(
        request,
        "wallet.html",
        at=PATH,
        wallet=wallet,
        entries=entries[:_ENTRIES],
        following=following,
        history=await actions_on(engine, subject),
        waiting=await waiting_about(engine, subject.kind, subject.id),
        done=await outcome_here(request, refusals),
    )


@post(f"{PATH}/{{wallet_id:str}}/freeze", access=page_access(ACT))
async def freeze(
    request: HttpRequest,
    wallet_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    clock: NamedDependency[Time],
) -> Reply:
    """Close the wallet to money in, out or both."""
    form = await read_form(request, FreezeForm)
    wallet = await queries.get_wallet(engine, wallet_id, clock.now())
    intent = FreezeWallet(
        wallet_id=wallet_id, is_frozen=True, direction=form.direction, reason=form.reason
    )
    after = {"status": "frozen", "freeze_direction": form.direction}
    deed = _deed(form, wallet, after)
    return await act(request, engine, submitter, payments.wallets.freeze.OPERATION, intent, deed)


@post(f"{PATH}/{{wallet_id:str}}/unfreeze", access=page_access(ACT))
async def unfreeze(
    request: HttpRequest,
    wallet_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    clock: NamedDependency[Time],
) -> Reply:
    """Open the wallet again."""
    form = await read_form(request, ActionForm)
    wallet = await queries.get_wallet(engine, wallet_id, clock.now())
    intent = FreezeWallet(wallet_id=wallet_id, is_frozen=False)
    deed = _deed(form, wallet, {"status": "active", "freeze_direction": None})
    return await act(request, engine, submitter, payments.wallets.freeze.OPERATION, intent, deed)


def _deed(form: ActionForm, wallet: WalletView, after: dict[str, Any]) -> Deed:
    return Deed(
        key=form.key,
        subject=Subject("wallet", str(wallet.wallet_id)),
        reason=form.reason,
        back=_href(wallet.wallet_id),
        before={"status": wallet.status, "freeze_direction": wallet.freeze_direction},
        after=after,
    )


HANDLERS: Final = (list_wallets, show_wallet, freeze, unfreeze)
