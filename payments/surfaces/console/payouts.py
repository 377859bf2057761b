"""Payouts: where the money is, what we know and how, canceling, resolving with a colleague."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.payouts.cancel
import payments.payouts.resolve
from payments.approvals.queries import waiting_about
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.strict import day_bounds
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.payouts import queries
from payments.payouts.cancel import CancelPayout
from payments.payouts.queries import Filters, PayoutView
from payments.payouts.resolve import ResolvePayout
from payments.payouts.status import RESOLVABLE, PayoutState
from payments.surfaces.console.access import ACT, page_access
from payments.surfaces.console.acting import Deed, act, ask_second, outcome_here
from payments.surfaces.console.cells import Amount, Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page

PATH: Final = "/console/payouts"


class PayoutsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; `stuck`: what raises an alarm."""

    status: PayoutState | None = None
    stuck: bool | None = None
    certainty: Literal["certain", "unknown"] | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None
    from_day: date | None = None
    to_day: date | None = None


class ResolveForm(ActionForm, frozen=True, kw_only=True):
    """What became of the payout, as operators know it."""

    resolution: Literal["accepted", "paid", "failed", "canceled"]


async def load(
    sources: Sources, query: PayoutsQuery, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[PayoutView]:
    """Payouts, newest first."""
    filters = Filters(
        status=query.status,
        is_stuck=query.stuck,
        certainty=query.certainty,
        wallet_id=query.wallet_id,
        merchant_id=query.merchant_id,
        created_from=None if query.from_day is None else day_bounds(query.from_day)[0],
        created_to=None if query.to_day is None else day_bounds(query.to_day)[1],
    )
    return await queries.list_payouts(sources.engine, filters, sources.lens, before, count)


def _href(payout: PayoutView) -> str:
    return f"{PATH}/{payout.payout_id}"


PAYOUTS: Final = ListPage(
    path=PATH,
    title="Payouts",
    query=PayoutsQuery,
    columns=(
        Column("Payout", lambda p: Id(str(p.payout_id), _href(p))),
        Column("State", lambda p: State(p.status)),
        Column("Stuck", lambda p: State("stuck") if p.is_stuck else Text("")),
        Column("Amount", lambda p: Amount(p.amount, p.currency), is_number=True),
        Column("Currency", lambda p: Text(p.currency)),
        Column("Wallet", lambda p: Text(str(p.wallet_id), f"/console/wallets/{p.wallet_id}")),
        Column("Merchant id", lambda p: Text(str(p.merchant_id))),
        Column("Description", lambda p: Text(p.description)),
        Column("Made", lambda p: Moment(p.created_at)),
        Column("Changed", lambda p: Moment(p.updated_at)),
        Column("Next check", lambda p: Moment(p.next_check_at)),
    ),
    load=load,
    key=lambda p: (p.created_at, p.payout_id),
    key_type=tuple[datetime, UUID],
    empty="No payout yet. POST /v1/payouts makes one; docs/superpay/flow.md shows how.",
)


@get(PATH, access=page_access())
async def list_payouts(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Payouts, newest first."""
    return await answer_list(request, PAYOUTS, (engine, engine), console.lens())


@get(f"{PATH}/{{payout_id:str}}", access=page_access())
async def show_payout(
    request: HttpRequest,
    payout_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Where the money is, when we ask next, and everything that happened so far."""
    id_, lens = parse_id(payout_id), console.lens()
    payout = await queries.get_payout(engine, id_, lens)
    subject = Subject("payout", str(payout.payout_id))
    return page(
        request,
        "payout.html",
        at=PATH,
        payout=payout,
        effects=EFFECTS,
        timeline=await queries.get_timeline(engine, id_, lens),
        is_resolvable=PayoutState(payout.status) in RESOLVABLE,
        is_cancelable=payout.status == PayoutState.HELD.value,
        waiting=await waiting_about(engine, subject.kind, subject.id),
        history=await actions_on(engine, subject),
        done=await outcome_here(request, refusals),
    )


@post(f"{PATH}/{{payout_id:str}}/cancel", access=page_access(ACT))
async def cancel(
    request: HttpRequest,
    payout_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Cancel a payout that has not been sent; its money is free again."""
    form = await read_form(request, ActionForm)
    payout = await queries.get_payout(engine, parse_id(payout_id), console.lens())
    intent = CancelPayout(payout_id=payout.payout_id)
    deed = _deed(form, payout, {"status": "canceled"})
    return await act(request, engine, submitter, payments.payouts.cancel.OPERATION, intent, deed)


@post(f"{PATH}/{{payout_id:str}}/resolve", access=page_access(ACT))
async def resolve(
    request: HttpRequest,
    payout_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Ask another operator to agree on what became of a payout in doubt."""
    form = await read_form(request, ResolveForm)
    payout = await queries.get_payout(engine, parse_id(payout_id), console.lens())
    intent = ResolvePayout(
        payout_id=payout.payout_id, resolution=form.resolution, reason=form.reason
    )
    deed = _deed(form, payout, {"status": form.resolution, "money": EFFECTS[form.resolution]})
    summary = f"Resolve payout of {payout.amount} {payout.currency} as {form.resolution}"
    operation = payments.payouts.resolve.OPERATION
    return await ask_second(request, engine, operation, intent, deed, summary)


EFFECTS: Final = {
    "accepted": "stays held; SuperPay has the payout and is asked on",
    "paid": "leaves the wallet for good",
    "failed": "goes back to the wallet",
    "canceled": "goes back to the wallet",
}
"""What each resolution does to the money, for who decides."""


def _deed(form: ActionForm, payout: PayoutView, after: dict[str, Any]) -> Deed:
    return Deed(
        key=form.key,
        subject=Subject("payout", str(payout.payout_id)),
        reason=form.reason,
        back=_href(payout),
        before={"status": payout.status, "hold": payout.hold_state},
        after=after,
    )


HANDLERS: Final = (list_payouts, show_payout, cancel, resolve)
