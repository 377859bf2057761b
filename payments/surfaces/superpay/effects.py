"""Effects at SuperPay: claim, send, and submit every answer as evidence."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.observe
import payments.deposits.request
import payments.payouts.observe
import payments.payouts.submit
from payments.deposits.observe import ObserveDeposit
from payments.kernel.clock import monotonic_s
from payments.kernel.errors import Conflict, Unavailable
from payments.operations.effects import EffectContext, EffectHandler
from payments.operations.outcome import Decision, Status
from payments.operations.submit import Request, Submitter, keyed
from payments.payouts.observe import ObservePayout
from payments.payouts.request import QUERY_EFFECT, SUBMIT_EFFECT
from payments.payouts.status import Claim
from payments.payouts.submit import SubmitPayout
from payments.provider.queries import read_switch
from payments.provider.sighting import Source
from payments.recovery.gap import is_shown
from payments.recovery.halt import are_effects_halted
from payments.surfaces.superpay.client import SuperPayClient
from payments.surfaces.superpay.replies import Answer

ACTOR: Final = "executor"
DECIDED_WITHIN_S: Final = 15.0
CLAIM_FRESH_S: Final = 20.0
"""A claim older than this is not used: a paused process must not send what
others have given up on.
"""
KNOWN: Final = Answer(
    code="known_at_provider", detail="its registry has it already: not sent again"
)
_log = structlog.get_logger(__name__)


class SubmitBody(msgspec.Struct, frozen=True, kw_only=True):
    """A payout to send; `is_resend`: send the same attempt again."""

    payout_id: UUID
    is_resend: bool = False


class QueryBody(msgspec.Struct, frozen=True, kw_only=True):
    """A payout to query; `seen_version`: the provider's version we know when we ask."""

    payout_id: UUID
    merchant_id: int
    seen_version: int = 0


async def submit_payout(body: SubmitBody, context: EffectContext) -> None:
    """Send a payout once. While paused or while the breaker is open nothing is claimed.

    It stays held and becomes due again.
    """
    client = context.tool(SuperPayClient)
    if client.breaker.is_open or (await read_switch(context.tool(AsyncEngine))).is_paused:
        _log.info("payout_not_sent", provider="superpay", reason="paused")
        return
    started = monotonic_s()
    intent = SubmitPayout(payout_id=body.payout_id, is_resend=body.is_resend)
    claim = keyed(
        payments.payouts.submit.OPERATION,
        intent,
        actor=ACTOR,
        key=context.effect_id,
        scope="payout.claim",
    )
    ticket = await context.tool(Submitter)(claim, DECIDED_WITHIN_S)
    decision = ticket.decision
    if decision is None:
        raise Unavailable("the claim is not decided yet")
    if decision.status != Status.APPLIED.value:
        return
    if ticket.is_replay or monotonic_s() - started > CLAIM_FRESH_S:
        # An earlier run claimed it and may have sent it. The provider will be queried.
        answer = Answer(code="executor_lost", detail="claimed by an earlier run")
    else:
        answer = await _not_to_be_sent(context, _number(decision)) or await client.payout(
            _number(decision), msgspec.json.decode(decision.result)
        )
    await _observe(context, body.payout_id, answer, Source.RESPONSE, f"{claim.operation_id}")


async def _not_to_be_sent(context: EffectContext, merchant_id: int) -> Answer | None:
    """Why a claimed payout is queried instead of sent: it may be paid already.

    Checked after the claim: a halt of effects is recorded before a consumer on a restored database
    decides anything.
    """
    engine = context.tool(AsyncEngine)
    if await is_shown(engine, merchant_id):
        return KNOWN
    if await are_effects_halted(engine):
        return Answer(code="effects_halted", detail="after a restore: it may be paid already")
    return None


async def settle_payout(payout_id: UUID, merchant_id: int, context: EffectContext) -> None:
    """A payout that the provider's registry has: claimed if held, never sent, then queried."""
    intent = SubmitPayout(payout_id=payout_id)
    claim = keyed(
        payments.payouts.submit.OPERATION,
        intent,
        actor=ACTOR,
        key=context.effect_id,
        scope="payout.claim",
    )
    ticket = await context.tool(Submitter)(claim, DECIDED_WITHIN_S)
    if ticket.decision is None:
        raise Unavailable("the claim is not decided yet: is a consumer running?")
    if ticket.decision.status == Status.APPLIED.value:
        await _observe(context, payout_id, KNOWN, Source.RESPONSE, f"{claim.operation_id}")
    await query_payout(QueryBody(payout_id=payout_id, merchant_id=merchant_id), context)


async def query_payout(body: QueryBody, context: EffectContext) -> None:
    """Query the status of a payout; also while paused."""
    answer = await context.tool(SuperPayClient).transaction(body.merchant_id)
    if answer.claim in {Claim.FAILED, Claim.NOT_SENT, Claim.CONFLICT}:
        # This is about our query, not about the payout.
        answer = Answer(code=answer.code, detail=answer.detail)
    await _observe(
        context, body.payout_id, answer, Source.QUERY, context.effect_id, body.seen_version
    )


async def _observe(
    context: EffectContext,
    payout_id: UUID,
    answer: Answer,
    source: Source,
    key: str,
    seen_version: int = 0,
) -> None:
    intent = ObservePayout(
        payout_id=payout_id,
        source=source,
        claim=answer.claim,
        sighting=answer.sighting,
        code=answer.code,
        detail=answer.detail,
        is_recorded=answer.is_recorded,
        seen_version=seen_version,
    )
    await report(context, keyed(payments.payouts.observe.OPERATION, intent, actor=ACTOR, key=key))


async def report(context: EffectContext, request: Request) -> None:
    """Submit evidence. If an earlier run already reported this evidence, ignore the conflict."""
    try:
        await context.tool(Submitter)(request)
    except Conflict:
        _log.info("evidence_known", operation_id=str(request.operation_id))


class DepositBody(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit to request a page for."""

    deposit_id: UUID
    merchant_id: int
    minor: int
    currency: str
    description: str
    success_url: str
    failure_url: str
    locale: str


class DepositQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit to query; `seen_version`: the provider's version we know when we ask."""

    deposit_id: UUID
    merchant_id: int
    seen_version: int = 0


async def create_deposit(body: DepositBody, context: EffectContext) -> None:
    """Request a page. No claim is needed: the same merchant id makes every
    retry the same deposit.
    """
    client = context.tool(SuperPayClient)
    if client.breaker.is_open or (await read_switch(context.tool(AsyncEngine))).is_paused:
        _log.info("deposit_not_sent", provider="superpay", reason="paused")
        return
    fields = {
        "description": body.description or f"Deposit {body.merchant_id}",
        "redirect_success_url": body.success_url,
        "redirect_failure_url": body.failure_url,
        "locale": body.locale,
        "merchant_id": body.merchant_id,
    }
    answer = await client.deposit(fields, body.minor, body.currency)
    await _observe_deposit(context, body.deposit_id, answer, Source.RESPONSE)


async def query_deposit(body: DepositQuery, context: EffectContext) -> None:
    """Query the status of a deposit."""
    answer = await context.tool(SuperPayClient).transaction(body.merchant_id)
    await _observe_deposit(context, body.deposit_id, answer, Source.QUERY, body.seen_version)


async def _observe_deposit(
    context: EffectContext,
    deposit_id: UUID,
    answer: Answer,
    source: Source,
    seen_version: int = 0,
) -> None:
    intent = ObserveDeposit(
        deposit_id=deposit_id,
        source=source,
        sighting=answer.sighting,
        code=answer.code,
        is_refused=source is Source.RESPONSE and answer.claim is Claim.FAILED,
        seen_version=seen_version,
    )
    operation = payments.deposits.observe.OPERATION
    await report(context, keyed(operation, intent, actor=ACTOR, key=context.effect_id))


def _number(decision: Decision) -> int:
    result: Mapping[str, Any] = msgspec.json.decode(decision.result)
    number: int = result["merchant_id"]
    return number


HANDLERS: Final[tuple[EffectHandler[Any], ...]] = (
    EffectHandler(kind=SUBMIT_EFFECT, body=SubmitBody, run=submit_payout),
    EffectHandler(kind=QUERY_EFFECT, body=QueryBody, run=query_payout, is_asking=True),
    EffectHandler(
        kind=payments.deposits.request.CREATE_EFFECT, body=DepositBody, run=create_deposit
    ),
    EffectHandler(
        kind=payments.deposits.request.QUERY_EFFECT,
        body=DepositQuery,
        run=query_deposit,
        is_asking=True,
    ),
)
