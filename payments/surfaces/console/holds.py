"""Holds: money kept aside in wallets, by clients and by payouts; letting a client's hold go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.holds.release
from payments.holds import queries
from payments.holds.queries import AnyHold
from payments.holds.release import ReleaseHold
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.strict import ID_MAX
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import Deed, act, outcome_here
from payments.surfaces.console.cells import Amount, Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page

PATH: Final = "/console/holds"


class HoldsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; `purpose`: a client's own, or of a payout."""

    status: Literal["open", "closed"] | None = None
    wallet_id: Annotated[int, msgspec.Meta(gt=0, le=ID_MAX)] | None = None
    purpose: Literal["hold", "payout"] | None = None


async def load(
    sources: Sources, query: HoldsQuery, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[AnyHold]:
    """Holds, newest first."""
    filters = queries.HoldFilters(
        is_open=None if query.status is None else query.status == "open",
        wallet_id=query.wallet_id,
        purpose=query.purpose,
    )
    return await queries.list_holds(sources.engine, filters, before, count, now=sources.now)


def _href(hold: AnyHold) -> str:
    return f"{PATH}/{hold.view.hold_id}"


def _state(hold: AnyHold) -> State:
    return State(hold.view.status, None if hold.view.status == "open" else "plain")


HOLDS: Final = ListPage(
    path=PATH,
    title="Holds",
    query=HoldsQuery,
    columns=(
        Column("Hold", lambda h: Id(str(h.view.hold_id), _href(h))),
        Column("State", _state),
        Column("For", lambda h: Text("a payout" if h.purpose == "payout" else "a client")),
        Column(
            "Wallet",
            lambda h: Text(str(h.view.wallet_id), f"/console/wallets/{h.view.wallet_id}"),
        ),
        Column("Held", lambda h: Amount(h.view.amount, h.view.currency), is_number=True),
        Column("Captured", lambda h: Amount(h.view.captured, h.view.currency), is_number=True),
        Column("Released", lambda h: Amount(h.view.released, h.view.currency), is_number=True),
        Column("Left", lambda h: Amount(h.view.remaining, h.view.currency), is_number=True),
        Column("Currency", lambda h: Text(h.view.currency)),
        Column("Description", lambda h: Text(h.view.description)),
        Column("Made", lambda h: Moment(h.view.created_at)),
        Column("Ends", lambda h: Moment(h.view.expires_at)),
        Column("Closed", lambda h: Moment(h.view.closed_at)),
    ),
    load=load,
    key=lambda h: (h.view.created_at, h.view.hold_id),
    key_type=tuple[datetime, UUID],
    empty="No money is held or ever was. POST /v1/holds keeps some aside; docs/api.md shows how.",
)


@get(PATH, access=page_access())
async def list_holds(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Holds, newest first."""
    return await answer_list(request, HOLDS, (engine, engine), console.lens())


@get(f"{PATH}/{{hold_id:str}}", access=page_access())
async def show_hold(
    request: HttpRequest,
    hold_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """A hold, what became of its money, and what operators did."""
    hold = await queries.find_any_hold(engine, parse_id(hold_id), seat_of(request).now)
    return page(
        request,
        "hold.html",
        at=PATH,
        hold=hold.view,
        hold_state=_state(hold),
        is_of_payout=hold.purpose == "payout",
        history=await actions_on(engine, Subject("hold", str(hold.view.hold_id))),
        done=await outcome_here(request, refusals),
    )


@post(f"{PATH}/{{hold_id:str}}/release", access=page_access(ACT))
async def release(
    request: HttpRequest,
    hold_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Let what is left of a client's hold go; it is free in its own wallet."""
    form = await read_form(request, ActionForm)
    hold = await queries.get_hold(engine, parse_id(hold_id), seat_of(request).now)
    deed = Deed(
        key=form.key,
        subject=Subject("hold", str(hold.hold_id)),
        reason=form.reason,
        back=f"{PATH}/{hold.hold_id}",
        before={"status": hold.status, "left": f"{hold.remaining} {hold.currency}"},
        after={"status": "closed", "free_in_wallet": hold.wallet_id},
    )
    intent = ReleaseHold(hold_id=hold.hold_id)
    return await act(request, engine, submitter, payments.holds.release.OPERATION, intent, deed)


HANDLERS: Final = (list_holds, show_hold, release)
