"""payout.request: holds money of a wallet and asks the executor to send it."""

from collections.abc import Iterable
from typing import Annotated, ClassVar
from uuid import UUID

from payments.holds.tables import Hold
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.posting import Reserve
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Effect, Outcome, Refusal, Refused, Result
from payments.operations.record import Ref
from payments.payees.refusals import (
    PAYEE_CURRENCY_MISMATCH,
    PAYEE_NOT_FOUND,
    PAYEE_OWNER_MISMATCH,
)
from payments.payees.tables import Payee
from payments.payouts.status import Claim, PayoutState, Verdict
from payments.payouts.tables import Evidence, Payout
from payments.provider.reference import by_reference, payout_reference
from payments.provider.refusals import REFERENCE_TAKEN
from payments.provider.sighting import Source
from payments.wallets.refusals import PAYER_REFUSALS, payer
from payments.wallets.tables import Wallet

SUBMIT_EFFECT = "superpay.submit_payout"
QUERY_EFFECT = "superpay.query_payout"


class RequestPayout(Intent, frozen=True):
    """Pay `minor` of `currency` out of a wallet to a SuperPay wallet.

    A `payee_id` stands for the wallet that was saved; `superpay_wallet_id` is empty then.
    """

    added: ClassVar[tuple[str, ...]] = ("payee_id",)

    wallet_id: int
    superpay_wallet_id: str
    minor: int
    currency: str
    description: str
    payee_id: UUID | None = None


class PayoutRequested(Result, frozen=True, kw_only=True):
    """The payout with its money held."""

    payout_id: str
    payout_status: Annotated[str, one_of(PayoutState)]
    merchant_id: int
    wallet_id: int
    superpay_wallet_id: str
    amount: str
    currency: str
    description: str
    available: str
    held: str
    created_at: str
    payee_id: UUID | None = None


def decide(intent: RequestPayout, state: State, context: Context) -> Outcome:
    """Checks that the wallet is open, in that currency, and has the money available.

    A payee is the caller's own, of the wallet's owner and of that currency.
    """
    reference = payout_reference(context.operation_id)
    wallet = payer(state, chart.wallet(intent.wallet_id), intent.currency, intent.minor)
    if isinstance(wallet, Refused):
        return wallet
    payee = None if intent.payee_id is None else state.record(Payee, intent.payee_id)
    refusal = _objection(intent, payee, state, context)
    if refusal is not None:
        return Refused(refusal=refusal)
    if state.record(Payout, reference, "merchant_id") is not None:
        return Refused(refusal=REFERENCE_TAKEN)
    payout = _payout(intent, payee, reference, context)
    currency = currency_of(intent.currency)
    return Applied(
        reserves=(Reserve(wallet.id, intent.minor),),
        puts=(payout, _hold(payout), _requested(payout)),
        effects=(Effect(kind=SUBMIT_EFFECT, body={"payout_id": str(payout.id)}),),
        result=PayoutRequested(
            payout_id=str(payout.id),
            payout_status=payout.state.value,
            merchant_id=payout.merchant_id,
            wallet_id=payout.wallet_id,
            superpay_wallet_id=payout.superpay_wallet_id,
            amount=format_minor(payout.minor, currency),
            currency=payout.currency,
            description=payout.description,
            available=format_minor(wallet.available - intent.minor, currency),
            held=format_minor(wallet.held + intent.minor, currency),
            created_at=rfc3339(context.now),
            payee_id=payout.payee_id,
        ),
    )


def _objection(
    intent: RequestPayout, payee: Payee | None, state: State, context: Context
) -> Refusal | None:
    """Why the payee that the request names cannot be paid from this wallet."""
    if intent.payee_id is None:
        return None
    if payee is None or payee.deleted_at is not None or payee.actor != context.actor:
        return PAYEE_NOT_FOUND
    wallet = state.record(Wallet, chart.wallet(intent.wallet_id))
    if wallet is None or wallet.owner != payee.owner:
        return PAYEE_OWNER_MISMATCH
    return None if payee.currency == intent.currency else PAYEE_CURRENCY_MISMATCH


def query_effect(payout: Payout) -> Effect:
    """Query the payout's status. It carries the version we know now: an answer
    must not be older.
    """
    body = {
        "payout_id": str(payout.id),
        "merchant_id": payout.merchant_id,
        "seen_version": payout.provider_version,
    }
    return Effect(kind=QUERY_EFFECT, body=body)


def _payout(
    intent: RequestPayout, payee: Payee | None, merchant_id: int, context: Context
) -> Payout:
    return Payout(
        id=context.operation_id,
        merchant_id=merchant_id,
        wallet_id=intent.wallet_id,
        superpay_wallet_id=payee.superpay_wallet_id if payee else intent.superpay_wallet_id,
        payee_id=intent.payee_id,
        minor=intent.minor,
        currency=intent.currency,
        description=intent.description,
        state=PayoutState.HELD,
        reason=None,
        version=1,
        provider_id=None,
        provider_version=0,
        checks=0,
        checked_at=context.now,
        state_since=context.now,
        proposal=None,
        requested_by=context.actor,
        created_at=context.now,
        updated_at=context.now,
        ended_at=None,
    )


def _hold(payout: Payout) -> Hold:
    return Hold(
        id=payout.id,
        wallet_id=payout.wallet_id,
        purpose="payout",
        minor=payout.minor,
        captured_minor=0,
        released_minor=0,
        currency=payout.currency,
        description=payout.description,
        expires_at=None,
        created_at=payout.created_at,
        closed_at=None,
    )


def _requested(payout: Payout) -> Evidence:
    return Evidence(
        id=payout.id,
        payout_id=payout.id,
        number=1,
        source=Source.US,
        claim=Claim.NOT_SENT,
        verdict=Verdict.APPLIED,
        state_before=None,
        state_after=PayoutState.HELD,
        details={"note": "requested, the money is held"},
        callback_id=None,
        actor=payout.requested_by,
        recorded_at=payout.created_at,
    )


def _refs(intent: RequestPayout) -> Iterable[Ref]:
    if intent.payee_id is not None:
        yield Ref(Payee, intent.payee_id)
        yield Ref(Wallet, chart.wallet(intent.wallet_id))


OPERATION = Operation(
    kind="payout.request",
    intent=RequestPayout,
    result=PayoutRequested,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refs=_refs,
    refs_of_id=by_reference(Payout, payout_reference),
    refusals=(
        *PAYER_REFUSALS,
        PAYEE_NOT_FOUND,
        PAYEE_OWNER_MISMATCH,
        PAYEE_CURRENCY_MISMATCH,
        REFERENCE_TAKEN,
    ),
)
