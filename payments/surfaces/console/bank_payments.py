"""Bank payments: the list, a payment, whose it is (by two), and taking a returned one back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bankpayments.assign
import payments.bankpayments.reverse
from payments.approvals.queries import waiting_about
from payments.bankpayments import queries
from payments.bankpayments.assign import AssignBankPayment
from payments.bankpayments.inn import checked_inn
from payments.bankpayments.queries import PaymentView
from payments.bankpayments.reverse import ReverseBankPayment
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.strict import day_bounds
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.surfaces.console.access import ACT, page_access
from payments.surfaces.console.acting import Deed, ask_second, outcome_here
from payments.surfaces.console.cells import Amount, Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page

PATH: Final = "/console/bank-payments"
_OFFERED: Final = 200
"""Organizations that the form of assigning offers; any other INN can be typed."""

Inn = Annotated[str, msgspec.Meta(max_length=200)]


class BankPaymentsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; `inn`: the organization's, or what the bank sent."""

    state: Literal["unmatched", "matched", "reversed"] | None = None
    inn: Inn | None = None
    document_number: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    from_day: date | None = None
    to_day: date | None = None


class OwnerForm(ActionForm, frozen=True, kw_only=True):
    """The organization that the payment belongs to."""

    inn: Inn


async def load(
    sources: Sources, query: BankPaymentsQuery, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[PaymentView]:
    """Payments, newest first."""
    return await queries.list_payments(
        sources.engine,
        query.state,
        query.inn,
        before,
        count,
        document_number=query.document_number,
        since=None if query.from_day is None else day_bounds(query.from_day)[0],
        until=None if query.to_day is None else day_bounds(query.to_day)[1],
    )


def _href(payment: PaymentView) -> str:
    return f"{PATH}/{payment.payment_id}"


BANK_PAYMENTS: Final = ListPage(
    path=PATH,
    title="Bank payments",
    query=BankPaymentsQuery,
    columns=(
        Column("Received", lambda p: Moment(p.received_at)),
        Column("Payment", lambda p: Id(str(p.payment_id), _href(p))),
        Column("State", lambda p: State(p.state)),
        Column("Amount", lambda p: Amount(p.amount, p.currency), is_number=True),
        Column("Currency", lambda p: Text(p.currency)),
        Column("Payer's INN", lambda p: Text(p.payer_inn)),
        Column("Payer", lambda p: Text(p.payer)),
        Column("Purpose", lambda p: Text(p.purpose)),
        Column("Organization's INN", lambda p: Text(p.inn or "")),
        Column("Document", lambda p: Text(p.document_number)),
        Column("Document date", lambda p: Moment(p.document_date)),
        Column("Matched", lambda p: Moment(p.matched_at)),
    ),
    load=load,
    key=lambda p: (p.received_at, p.payment_id),
    key_type=tuple[datetime, UUID],
    empty="No payment from a bank yet. Import a statement, or let the bank call the webhook: "
    "docs/bank-webhook.md shows how.",
    intro="What banks received for organizations. An unmatched payment stands in suspense until "
    "two operators say whose it is.",
)


@get(PATH, access=page_access())
async def list_bank_payments(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Payments, newest first."""
    return await answer_list(request, BANK_PAYMENTS, (engine, engine), console.lens())


@get(f"{PATH}/{{payment_id:str}}", access=page_access())
async def show_bank_payment(
    request: HttpRequest,
    payment_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """A payment: where its money is, who said whose it is, what operators did."""
    payment = await queries.get_payment(engine, parse_id(payment_id))
    subject = Subject("bank_payment", str(payment.payment_id))
    is_unmatched = payment.state == "unmatched"
    return page(
        request,
        "bank_payment.html",
        at=PATH,
        payment=payment,
        organizations=await queries.list_organizations(engine, None, _OFFERED)
        if is_unmatched
        else (),
        waiting=await waiting_about(engine, subject.kind, subject.id),
        history=await actions_on(engine, subject),
        done=await outcome_here(request, refusals),
    )


@post(f"{PATH}/{{payment_id:str}}/assign", access=page_access(ACT))
async def assign(
    request: HttpRequest, payment_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Ask another operator to agree on whose money in suspense it is."""
    form = await read_form(request, OwnerForm)
    payment = await queries.get_payment(engine, parse_id(payment_id))
    owner = await queries.get_organization(engine, checked_inn(form.inn))
    intent = AssignBankPayment(payment_id=payment.payment_id, inn=owner.inn, reason=form.reason)
    amount = f"{payment.amount} {payment.currency}"
    after = {
        "state": "matched",
        "organization": f"{owner.name}, INN {owner.inn}",
        "moves": [f"{amount} from suspense to the organization"],
    }
    summary = f"Assign {amount} of document {payment.document_number} to INN {owner.inn}"
    operation = payments.bankpayments.assign.OPERATION
    deed = _deed(form, payment, after)
    return await ask_second(request, engine, operation, intent, deed, summary[:_SUMMARY_MAX])


@post(f"{PATH}/{{payment_id:str}}/take-back", access=page_access(ACT))
async def take_back(
    request: HttpRequest, payment_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Ask another operator to agree that the bank returned it to its payer."""
    form = await read_form(request, ActionForm)
    payment = await queries.get_payment(engine, parse_id(payment_id))
    intent = ReverseBankPayment(
        payment_id=payment.payment_id,
        reason=form.reason,
        organization_id=await queries.owner_of(engine, payment.payment_id),
    )
    amount = f"{payment.amount} {payment.currency}"
    payer = "suspense" if payment.inn is None else f"the organization with INN {payment.inn}"
    moves = [f"{amount} from {payer} to the bank"]
    summary = f"Take back {amount} of document {payment.document_number}: the bank returned it"
    operation = payments.bankpayments.reverse.OPERATION
    deed = _deed(form, payment, {"state": "reversed", "moves": moves})
    return await ask_second(request, engine, operation, intent, deed, summary[:_SUMMARY_MAX])


_SUMMARY_MAX: Final = 300
"""Documents have numbers of any length."""


def _deed(form: ActionForm, payment: PaymentView, after: dict[str, Any]) -> Deed:
    before = {"state": payment.state, "payer_inn": payment.payer_inn, "inn": payment.inn}
    return Deed(
        key=form.key,
        subject=Subject("bank_payment", str(payment.payment_id)),
        reason=form.reason,
        back=_href(payment),
        before=before,
        after=after,
    )


HANDLERS: Final = (list_bank_payments, show_bank_payment, assign, take_back)
