"""Responses of POSTs: the handshake and nulls, or the outcome with `Prefer: wait=N`."""

from http import HTTPStatus

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.clientwallets import queries
from payments.clientwallets.queries import OutcomeView
from payments.http.errors import problem_reply
from payments.http.operations import Refusals, refusal_error
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Header, Reply, json_reply
from payments.http.services import HttpRequest
from payments.operations.outcome import Decision, Status
from payments.surfaces.walletservice.answers import (
    ClientTransactionAnswer,
    WalletAnswer,
    transaction_answer,
    wallet_answer,
)
from payments.surfaces.walletservice.enqueue import Enqueued


async def enqueued_wallet(
    request: HttpRequest, enqueued: Enqueued, engine: AsyncEngine, refusals: Refusals
) -> Reply:
    """202, or the outcome of a wallet or deposit: 201 with the body of a GET, or the refusal."""
    decision = _waited_for(request, enqueued)
    if decision is None:
        answer = WalletAnswer(handshake_id=enqueued.handshake)
        return json_reply(answer, HTTPStatus.ACCEPTED, _headers(request, enqueued))
    if decision.status != Status.APPLIED.value:
        return _refused(request, enqueued, decision, refusals)
    wallet_id = msgspec.json.decode(decision.result)["wallet_id"]
    wallet = await queries.find_wallet(engine, wallet_id=wallet_id)
    assert wallet is not None, "wallets are never deleted"
    answer = wallet_answer(wallet, handshake_id=enqueued.handshake)
    return json_reply(answer, HTTPStatus.CREATED, _headers(request, enqueued))


def enqueued_transaction(request: HttpRequest, enqueued: Enqueued, refusals: Refusals) -> Reply:
    """202, or the outcome of a transaction."""
    decision = _waited_for(request, enqueued)
    if decision is None:
        answer = ClientTransactionAnswer(handshake_id=enqueued.handshake)
        return json_reply(answer, HTTPStatus.ACCEPTED, _headers(request, enqueued))
    if decision.status != Status.APPLIED.value:
        return _refused(request, enqueued, decision, refusals)
    outcome = OutcomeView(
        kind=decision.kind,
        status=decision.status,
        reason=decision.reason,
        result=msgspec.json.decode(decision.result),
    )
    answer = transaction_answer(enqueued.handshake, outcome)
    return json_reply(answer, HTTPStatus.CREATED, _headers(request, enqueued))


def _waited_for(request: HttpRequest, enqueued: Enqueued) -> Decision | None:
    """The outcome, if the caller waits for it with `Prefer`."""
    return enqueued.decision if preferred_wait_s(request) else None


def _refused(
    request: HttpRequest, enqueued: Enqueued, decision: Decision, refusals: Refusals
) -> Reply:
    status, error = refusal_error(refusals, decision)
    error.extra["handshake_id"] = enqueued.handshake
    return problem_reply(request.scope, error, status=status, headers=_headers(request, enqueued))


def _headers(request: HttpRequest, enqueued: Enqueued) -> tuple[Header, ...]:
    return (*enqueued.headers, *((APPLIED,) if preferred_wait_s(request) else ()))
