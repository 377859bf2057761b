"""bank_payment.assign: two operators assign a payment in suspense to an organization."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from payments.bankpayments.receive import credit
from payments.bankpayments.refusals import (
    ORGANIZATION_NOT_FOUND,
    OTHER_OWNER_PROPOSED,
    PAYMENT_ALREADY_MATCHED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
)
from payments.bankpayments.suspense import explained, explained_refs, in_suspense
from payments.bankpayments.tables import (
    CURRENCY,
    BankPayment,
    Organization,
    PaymentStatus,
    suspense_account,
)
from payments.kernel.clock import rfc3339
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import APPROVER_IS_PROPOSER, NOTHING_PROPOSED, OtherProposal


class AssignBankPayment(Intent, frozen=True):
    """Assign an unmatched payment to an organization, regardless of the INN the bank sent.

    `rejects`: it takes the proposal of this organization back instead, whoever sends it.
    """

    added: ClassVar[tuple[str, ...]] = ("rejects",)

    payment_id: UUID
    inn: str
    reason: str
    rejects: bool = False


def accounts(intent: AssignBankPayment, state: State) -> Iterable[AccountId | AccountSpec]:
    """The suspense account and the organization's account."""
    organization = state.record(Organization, intent.inn, by="inn")
    return () if organization is None else (suspense_account(), organization.account)


class BankPaymentAssigned(Result, frozen=True, kw_only=True):
    """`assignment_status`: proposed (a second operator must send the same INN), done, or
    rejected.
    """

    payment_id: str
    assignment_status: Annotated[str, one_of(("proposed", "done", "rejected"))]
    inn: str
    amount: str
    currency: str
    description: str
    proposal: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    assignment: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


def decide(intent: AssignBankPayment, state: State, context: Context) -> Outcome:
    """Assign once, and only when two operators name the same organization."""
    payment = in_suspense(state.record(BankPayment, intent.payment_id))
    organization = state.record(Organization, intent.inn, by="inn")
    if isinstance(payment, Refused):
        return payment
    if organization is None:
        return Refused(refusal=ORGANIZATION_NOT_FOUND)
    proposal = payment.proposal
    if intent.rejects:
        return _rejected(payment, intent)
    if proposal is not None and (refused := _disagreement(proposal, intent, context)) is not None:
        return refused
    if proposal is None or proposal["proposed_by"] == context.actor:
        return _proposed(payment, intent, context)  # the proposer may change the proposal
    return _assigned(payment, organization, intent, state, context)


def _disagreement(
    proposal: Mapping[str, Any], intent: AssignBankPayment, context: Context
) -> Refused | None:
    is_same_person = proposal["proposed_by"] == context.actor
    is_same_owner = proposal["inn"] == intent.inn
    if is_same_person and is_same_owner:
        return Refused(refusal=APPROVER_IS_PROPOSER)
    if not is_same_person and not is_same_owner:
        return Refused(refusal=OTHER_OWNER_PROPOSED, result=OtherProposal(proposal=proposal))
    return None


def _rejected(payment: BankPayment, intent: AssignBankPayment) -> Outcome:
    proposal = payment.proposal
    if proposal is None:
        return Refused(refusal=NOTHING_PROPOSED)
    if proposal["inn"] != intent.inn:
        return Refused(refusal=OTHER_OWNER_PROPOSED, result=OtherProposal(proposal=proposal))
    return Applied(
        puts=(payment.changed(proposal=None),),
        result=_result(payment, intent, "rejected", proposal=proposal),
    )


def _proposed(payment: BankPayment, intent: AssignBankPayment, context: Context) -> Applied:
    proposal = {
        "inn": intent.inn,
        "reason": intent.reason,
        "proposed_by": context.actor,
        "proposed_at": rfc3339(context.now),
    }
    return Applied(
        puts=(payment.changed(proposal=proposal),),
        result=_result(payment, intent, "proposed", proposal=proposal),
    )


def _assigned(
    payment: BankPayment,
    organization: Organization,
    intent: AssignBankPayment,
    state: State,
    context: Context,
) -> Applied:
    assert payment.proposal is not None, "the caller looked"
    assignment = {
        **payment.proposal,
        "approved_by": context.actor,
        "approval_reason": intent.reason,
    }
    assigned = payment.changed(
        status=PaymentStatus.CREDITED,
        organization_id=organization.id,
        matched_at=context.now,
        proposal=None,
        assignment=assignment,
    )
    change = credit(organization, payment.id, payment.minor, state, context)
    return Applied(
        legs=move(suspense_account().id, organization.account.id, payment.minor),
        puts=(assigned, change, *explained(payment.id, "assigned", state, context)),
        result=_result(payment, intent, "done", assignment=assignment),
    )


def _result(
    payment: BankPayment, intent: AssignBankPayment, status: str, **said: Mapping[str, Any]
) -> BankPaymentAssigned:
    return BankPaymentAssigned(
        payment_id=str(payment.id),
        assignment_status=status,
        inn=intent.inn,
        amount=format_minor(payment.minor, currency_of(CURRENCY)),
        currency=CURRENCY,
        description=payment.document_number,
        **said,
    )


OPERATION = Operation(
    kind="bank_payment.assign",
    intent=AssignBankPayment,
    result=BankPaymentAssigned,
    # Other movements of the organization use the same partition.
    partition_key=lambda intent: f"inn:{intent.inn}",
    refs=lambda intent: (
        Ref(BankPayment, intent.payment_id),
        Ref(Organization, intent.inn, "inn"),
        *explained_refs(intent.payment_id),
    ),
    accounts=accounts,
    decide=decide,
    refusals=(
        PAYMENT_NOT_FOUND,
        PAYMENT_REVERSED,
        PAYMENT_SETTLED,
        PAYMENT_ALREADY_MATCHED,
        ORGANIZATION_NOT_FOUND,
        OTHER_OWNER_PROPOSED,
        APPROVER_IS_PROPOSER,
        NOTHING_PROPOSED,
    ),
)
