"""SuperPay's API: deposit, payout, status query, registry, and misbehaviours of responses."""

import asyncio
import base64
import hashlib
import hmac
from datetime import date, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from payments_tools.simulator.connections import cut
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.faults import Fault
from payments_tools.simulator.intake import Intake, standing_of, take_in
from payments_tools.simulator.messages import decode_order, encode, view
from payments_tools.simulator.settlement_file import as_csv, as_json, registry_of
from payments_tools.simulator.signing import TOLERANCE_S, matches, request_payload
from payments_tools.simulator.simulation import SimRequest, Simulation, simulation_of

_JSON: Final = "application/json"
_KEPT_DAYS: Final = 400
_MAINTENANCE: Final = "<!doctype html><title>SuperPay</title><h1>We will be right back</h1>"


@post("/api/deposit")
async def deposit(request: SimRequest) -> Response[Any]:
    """Create a deposit."""
    return await _submit(request, "deposit")


@post("/api/payout")
async def payout(request: SimRequest) -> Response[Any]:
    """Create a payout."""
    return await _submit(request, "payout")


@get("/api/transactions/{merchant_id:int}")
async def transaction(request: SimRequest, merchant_id: FromPath[int]) -> Response[Any]:
    """The transaction's current state, altered by misbehaviours."""
    simulation = simulation_of(request)
    await authenticated_body(request, simulation)
    found = simulation.store.find(merchant_id)
    missing = ApiError("transaction_not_found", "Not known (yet).", field="merchant_id")
    if found is None:
        raise missing
    seen = simulation.store.note_query(merchant_id)
    if seen.queries <= seen.faults.get(Fault.NOT_FOUND_FIRST, 0):
        raise missing
    return Response(encode(view(found, seen.faults)), media_type=_JSON)


@get("/api/wallets/{wallet_id:str}")
async def wallet(request: SimRequest, wallet_id: FromPath[str]) -> Response[Any]:
    """Whether a wallet exists and may receive, and its currency."""
    await authenticated_body(request, simulation_of(request))
    standing = standing_of(wallet_id)
    if standing.refusal == "wallet_not_found":
        raise ApiError("wallet_not_found", f"No wallet {wallet_id}.", status=404)
    status = "blocked" if standing.refusal else "active"
    body = {"wallet_id": wallet_id, "currency": standing.currency, "status": status}
    return Response(body, media_type=_JSON)


@get("/api/registry")
async def registry(request: SimRequest) -> Response[Any]:
    """The registry of transactions that reached a final status on one UTC day."""
    simulation = simulation_of(request)
    await authenticated_body(request, simulation)
    asked, form = request.query_params.get("date", ""), request.query_params.get("format", "json")
    now = simulation.config.clock()
    if not _is_kept_day(asked, now.date()):
        message = f"A day, YYYY-MM-DD, of the last {_KEPT_DAYS}, today included."
        raise ApiError("invalid_field", message, field="date")
    if form not in {"json", "csv"}:
        raise ApiError("invalid_field", "json or csv.", field="format")
    found = registry_of(simulation.store, asked, now)
    body = as_json(found) if form == "json" else as_csv(found)
    headers = {
        "digest": "sha-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "superpay-registry-closed": "true" if found.closed else "false",
        "superpay-registry-lines": str(len(found.lines)),
    }
    media = _JSON if form == "json" else "text/csv; charset=utf-8"
    return Response(body, media_type=media, headers=headers)


def _is_kept_day(text: str, today: date) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    is_kept = today - timedelta(days=_KEPT_DAYS) < day <= today
    return is_kept and day.isoformat() == text  # fromisoformat also takes 2026-W01-1


async def authenticated_body(request: SimRequest, simulation: Simulation) -> bytes:
    """The raw body, if key, time and signature are valid (§3, §6). Raises `ApiError`."""
    config, headers = simulation.config, request.headers
    key = headers.get("superpay-key", "").encode()
    if not hmac.compare_digest(key, config.api_key.encode()):
        raise ApiError("unauthorized", "No such key.")
    stamp = headers.get("superpay-timestamp", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= len("1767225600000")):
        raise ApiError("timestamp_out_of_tolerance", "superpay-timestamp: whole Unix seconds.")
    if abs(int(config.clock().timestamp()) - int(stamp)) > TOLERANCE_S:
        raise ApiError("timestamp_out_of_tolerance", "More than 300 s away from our clock.")
    body = await request.body()
    payload = request_payload(request.method, _target(request), body)
    request_id = headers.get("superpay-request-id", "")
    given = headers.get("superpay-signature", "")
    if not matches(config.request_secrets, given, request_id, int(stamp), payload):
        raise ApiError("invalid_signature", "The signature does not fit these bytes.")
    return body


def _target(request: SimRequest) -> str:
    raw: bytes = request.scope["raw_path"]
    query = request.scope["query_string"]
    return (raw + (b"?" + query if query else b"")).decode("latin-1")


async def _submit(request: SimRequest, kind: str) -> Response[Any]:
    simulation = simulation_of(request)
    order = decode_order(kind, await authenticated_body(request, simulation))
    if trace := request.headers.get("traceparent", ""):
        simulation.traces[order.merchant_id] = trace
    pages = simulation.config.public_url or str(request.base_url)
    intake = take_in(simulation.lifecycle, order, pages.rstrip("/"))
    simulation.wake.set()
    if intake.requests == 1 and Fault.DELAY in intake.faults:
        await asyncio.sleep(intake.faults[Fault.DELAY])
    if intake.drop:
        await cut(simulation.connections, request.scope)
    return _answer(intake)


def _answer(intake: Intake) -> Response[Any]:
    if intake.requests <= intake.faults.get(Fault.ERROR_AFTER_ACCEPT, 0):
        raise ApiError("internal_error", "The sandbox was told to.")
    if intake.requests <= intake.faults.get(Fault.HTML, 0):
        return Response(_MAINTENANCE, media_type="text/html", status_code=200)
    if intake.error is not None:
        raise intake.error
    if intake.transaction is None:  # the connection is cut; this response is not sent
        raise ApiError("internal_error", "Cut.")
    headers = {} if intake.first else {"superpay-replayed": "true"}
    body = encode(view(intake.transaction, {}))
    return Response(
        body, media_type=_JSON, status_code=201 if intake.first else 200, headers=headers
    )
