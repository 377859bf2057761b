"""Proposals that wait for a second person, whoever made them: a client of the API, or a colleague.

What was asked for in the console waits among the approvals; a client of the API proposes in the
books. Here the page of the thing lets an operator agree to the proposal, or reject it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bankpayments.assign
import payments.breaks.resolve
import payments.payouts.resolve
from payments.bankpayments.assign import AssignBankPayment
from payments.bankpayments.queries import get_payment
from payments.breaks.queries import get_break
from payments.breaks.resolve import Posting, ResolveBreak, place_of
from payments.http.body import money_in
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.errors import Conflict
from payments.kernel.ids import parse_id
from payments.operations.operation import Operation
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.payouts.queries import get_payout
from payments.payouts.resolve import ResolvePayout
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import Deed, act
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form


class ProposalForm(ActionForm, frozen=True, kw_only=True):
    """`proposed_at`: of the proposal that the page showed; it may be another one by now."""

    decision: Literal["approve", "reject"]
    proposed_at: Annotated[str, msgspec.Meta(max_length=40)]


class OtherProposed(Conflict):
    """The proposal is not the one that the page showed. Go back, reload the page, decide again."""

    code = "other_proposal"


_Submit = tuple[AsyncEngine, Submitter]


@post("/console/payouts/{payout_id:str}/proposal", access=page_access(ACT))
async def decide_on_payout(
    request: HttpRequest,
    payout_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Agree on what became of a payout in doubt, or reject the proposal."""
    form = await read_form(request, ProposalForm)
    payout = await get_payout(engine, parse_id(payout_id), console.lens())
    proposal = _shown(payout.proposal, form)
    intent = ResolvePayout(
        payout_id=payout.payout_id,
        resolution=proposal["resolution"],
        reason=form.reason,
        rejects=form.decision == "reject",
    )
    subject = Subject("payout", str(payout.payout_id))
    operation = payments.payouts.resolve.OPERATION
    return await _decide(request, (engine, submitter), operation, intent, (form, subject, proposal))


@post("/console/breaks/{break_id:str}/proposal", access=page_access(ACT))
async def decide_on_break(
    request: HttpRequest,
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Agree to the posting that resolves a break, or reject it."""
    form = await read_form(request, ProposalForm)
    break_ = await get_break(engine, parse_id(break_id), seat_of(request).now)
    proposal = _shown(break_.proposal, form)
    ledger = proposal["ledger"]
    money = money_in(msgspec.Raw(msgspec.json.encode(ledger["amount"])), ledger["currency"])
    posting = Posting(
        source=place_of(ledger["from"]),
        destination=place_of(ledger["to"]),
        minor=money.minor,
        currency=money.currency,
    )
    intent = ResolveBreak(
        break_id=break_.break_id,
        reason=form.reason,
        posting=posting,
        rejects=form.decision == "reject",
    )
    subject = Subject("break", str(break_.break_id))
    operation = payments.breaks.resolve.OPERATION
    return await _decide(request, (engine, submitter), operation, intent, (form, subject, proposal))


@post("/console/bank-payments/{payment_id:str}/proposal", access=page_access(ACT))
async def decide_on_payment(
    request: HttpRequest,
    payment_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Agree on whose a bank payment is, or reject the proposal."""
    form = await read_form(request, ProposalForm)
    payment = await get_payment(engine, parse_id(payment_id))
    proposal = _shown(payment.proposal, form)
    intent = AssignBankPayment(
        payment_id=payment.payment_id,
        inn=proposal["inn"],
        reason=form.reason,
        rejects=form.decision == "reject",
    )
    subject = Subject("bank_payment", str(payment.payment_id))
    operation = payments.bankpayments.assign.OPERATION
    return await _decide(request, (engine, submitter), operation, intent, (form, subject, proposal))


def _shown(proposal: Mapping[str, Any] | None, form: ProposalForm) -> Mapping[str, Any]:
    if proposal is None or proposal["proposed_at"] != form.proposed_at:
        raise OtherProposed
    return proposal


async def _decide(
    request: HttpRequest,
    tools: _Submit,
    operation: Operation[Any],
    intent: Any,
    said: tuple[ProposalForm, Subject, Mapping[str, Any]],
) -> Reply:
    """Submitted as this operator: the engine refuses whoever made the proposal."""
    form, subject, proposal = said
    deed = Deed(
        key=form.key,
        subject=subject,
        reason=form.reason,
        back=request.scope["path"].removesuffix("/proposal"),
        before={"proposal": proposal},
        after={"decision": form.decision},
    )
    engine, submitter = tools
    return await act(request, engine, submitter, operation, intent, deed)


HANDLERS: Final = (decide_on_payout, decide_on_break, decide_on_payment)
