"""deposit.request: asks a payer to pay into a wallet; the executor gets the provider's page."""

from typing import Annotated, Final

from payments.deposits.status import DepositState
from payments.deposits.tables import Deposit
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger import chart
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Effect, Outcome, Refused, Result
from payments.provider.reference import by_reference, deposit_reference
from payments.provider.refusals import REFERENCE_TAKEN
from payments.wallets.refusals import USABLE_REFUSALS, usable

CREATE_EFFECT: Final = "superpay.create_deposit"
QUERY_EFFECT: Final = "superpay.query_deposit"


class RequestDeposit(Intent, frozen=True):
    """Ask a payer to pay `minor` of `currency` into a wallet."""

    wallet_id: int
    minor: int
    currency: str
    description: str
    success_url: str
    failure_url: str
    locale: str


class DepositRequested(Result, frozen=True, kw_only=True):
    """The deposit; the URL of its page follows from the provider."""

    deposit_id: str
    merchant_id: int
    wallet_id: int
    amount: str
    currency: str
    description: str
    deposit_status: Annotated[str, one_of(DepositState)]
    created_at: str


def decide(intent: RequestDeposit, state: State, context: Context) -> Outcome:
    """Checks that the wallet is open and of that currency. No money moves yet."""
    wallet = usable(state, chart.wallet(intent.wallet_id), intent.currency)
    if isinstance(wallet, Refused):
        return wallet
    reference = deposit_reference(context.operation_id)
    if state.record(Deposit, reference, "merchant_id") is not None:
        return Refused(refusal=REFERENCE_TAKEN)
    deposit = Deposit(
        id=context.operation_id,
        merchant_id=reference,
        wallet_id=intent.wallet_id,
        minor=intent.minor,
        currency=intent.currency,
        description=intent.description,
        success_url=intent.success_url,
        failure_url=intent.failure_url,
        locale=intent.locale,
        state=DepositState.CREATED,
        reason=None,
        redirect_url=None,
        expires_at=None,
        paid_minor=None,
        paid_currency=None,
        version=0,
        provider_id=None,
        provider_version=0,
        checks=0,
        checked_at=context.now,
        requested_by=context.actor,
        created_at=context.now,
        updated_at=context.now,
    )
    return Applied(
        puts=(deposit,),
        effects=(create_effect(deposit),),
        result=DepositRequested(
            deposit_id=str(deposit.id),
            merchant_id=deposit.merchant_id,
            wallet_id=deposit.wallet_id,
            amount=format_minor(deposit.minor, currency_of(deposit.currency)),
            currency=deposit.currency,
            description=deposit.description,
            deposit_status=deposit.state.value,
            created_at=rfc3339(context.now),
        ),
    )


def create_effect(deposit: Deposit) -> Effect:
    """The request to the provider. Repeats carry the same merchant id, so they are the same
    deposit.
    """
    body = {
        "deposit_id": str(deposit.id),
        "merchant_id": deposit.merchant_id,
        "minor": deposit.minor,
        "currency": deposit.currency,
        "description": deposit.description,
        "success_url": deposit.success_url,
        "failure_url": deposit.failure_url,
        "locale": deposit.locale,
    }
    return Effect(kind=CREATE_EFFECT, body=body)


def query_effect(deposit: Deposit) -> Effect:
    """Query the deposit's status. It carries the version we know now: an answer
    must not be older.
    """
    body = {
        "deposit_id": str(deposit.id),
        "merchant_id": deposit.merchant_id,
        "seen_version": deposit.provider_version,
    }
    return Effect(kind=QUERY_EFFECT, body=body)


OPERATION = Operation(
    kind="deposit.request",
    intent=RequestDeposit,
    result=DepositRequested,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(*USABLE_REFUSALS, REFERENCE_TAKEN),
    refs_of_id=by_reference(Deposit, deposit_reference),
)
