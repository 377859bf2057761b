"""Deposits: what payers were asked for, what arrived, and how we know."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deposits import queries
from payments.deposits.queries import DepositView
from payments.deposits.status import DepositState
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.strict import ID_MAX, day_bounds
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.surfaces.console.access import page_access
from payments.surfaces.console.cells import Amount, Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page

PATH: Final = "/console/deposits"

Number = Annotated[int, msgspec.Meta(gt=0, le=ID_MAX)]


class DepositsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list."""

    status: DepositState | None = None
    wallet_id: Number | None = None
    merchant_id: Number | None = None
    from_day: date | None = None
    to_day: date | None = None


EXPLANATIONS: Final[Mapping[DepositState, str]] = {
    DepositState.CREATED: "Nothing was paid yet: SuperPay has not given us a page for the payer.",
    DepositState.PENDING: "Nothing has arrived yet: the payer has a page to go to.",
    DepositState.CREDITED: "The wallet has it: what was asked for arrived.",
    DepositState.UNDERPAID: "The wallet has what arrived: less than was asked for.",
    DepositState.OVERPAID: "The wallet has what arrived: more than was asked for.",
    DepositState.PAID_LATE: "The wallet has it: it arrived after the page had expired.",
    DepositState.CURRENCY_MISMATCH: (
        "It stands in suspense: another currency arrived than was asked for. Its break says how "
        "to go on."
    ),
    DepositState.IN_SUSPENSE: (
        "It stands in suspense: the wallet could not take it. Its break says how to go on."
    ),
    DepositState.EXPIRED: "Nobody paid in time. What is paid later is credited all the same.",
    DepositState.FAILED: "Nothing was paid: SuperPay says that it failed.",
}
"""Where the money of a deposit is."""
_TONES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("credited", "underpaid", "overpaid", "paid_late"), "good"),
    **dict.fromkeys(("currency_mismatch", "in_suspense"), "doubt"),
    "created": "wait",
}


def _state(deposit: DepositView) -> State:
    return State(deposit.status, _TONES.get(deposit.status))


async def load(
    sources: Sources, query: DepositsQuery, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[DepositView]:
    """Deposits, newest first."""
    named = {
        "state": query.status.value if query.status else None,
        "wallet_id": query.wallet_id,
        "merchant_id": query.merchant_id,
    }
    return await queries.list_deposits(
        sources.engine,
        {name: value for name, value in named.items() if value is not None},
        sources.lens.schedule,
        before,
        count,
        since=None if query.from_day is None else day_bounds(query.from_day)[0],
        until=None if query.to_day is None else day_bounds(query.to_day)[1],
    )


DEPOSITS: Final = ListPage(
    path=PATH,
    title="Deposits",
    query=DepositsQuery,
    columns=(
        Column("Deposit", lambda d: Id(str(d.deposit_id), f"{PATH}/{d.deposit_id}")),
        Column("State", _state),
        Column("Asked for", lambda d: Amount(d.amount, d.currency), is_number=True),
        Column("Currency", lambda d: Text(d.currency)),
        Column(
            "Arrived",
            lambda d: Amount(d.paid_amount, d.paid_currency or d.currency),
            is_number=True,
        ),
        Column("Wallet", lambda d: Text(str(d.wallet_id), f"/console/wallets/{d.wallet_id}")),
        Column("Merchant id", lambda d: Text(str(d.merchant_id))),
        Column("Description", lambda d: Text(d.description)),
        Column("Made", lambda d: Moment(d.created_at)),
        Column("Changed", lambda d: Moment(d.updated_at)),
    ),
    load=load,
    key=lambda d: (d.created_at, d.deposit_id),
    key_type=tuple[datetime, UUID],
    empty="No deposit yet. POST /v1/deposits asks a payer for money; docs/superpay/flow.md shows "
    "how.",
)


@get(PATH, access=page_access())
async def list_deposits(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Deposits, newest first."""
    return await answer_list(request, DEPOSITS, (engine, engine), console.lens())


@get(f"{PATH}/{{deposit_id:str}}", access=page_access())
async def show_deposit(
    request: HttpRequest,
    deposit_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Where the money is, and everything that happened so far."""
    deposit = await queries.get_deposit(engine, parse_id(deposit_id), console.schedule)
    subject = Subject("deposit", str(deposit.deposit_id))
    return page(
        request,
        "deposit.html",
        at=PATH,
        deposit=deposit,
        deposit_state=_state(deposit),
        explanation=EXPLANATIONS[DepositState(deposit.status)],
        history=await actions_on(engine, subject),
    )


HANDLERS: Final = (list_deposits, show_deposit)
