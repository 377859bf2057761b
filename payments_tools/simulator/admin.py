"""/_sim/: inspection and control of the simulator by tests and people (specification §16)."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from payments_tools.simulator.amounts import EXPONENTS, on_wire, parse_minor
from payments_tools.simulator.callbacks import Callback, all_callbacks, resend
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.faults import parse, to_json
from payments_tools.simulator.messages import (
    MerchantId,
    Transaction,
    decode,
    encode,
    view,
)
from payments_tools.simulator.settlement_file import BREAKS
from payments_tools.simulator.simulation import SimRequest, Simulation, simulation_of

Answer = Response[Any]


class _PlantFaults(msgspec.Struct, forbid_unknown_fields=True):
    faults: list[str]
    merchant_id: MerchantId | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


class _Settle(msgspec.Struct, forbid_unknown_fields=True):
    status: str = "paid"


class _Pay(msgspec.Struct, forbid_unknown_fields=True):
    amount: msgspec.Raw = msgspec.Raw(b"")  # a Raw in a union is not raw; empty is "not given"
    currency: str | None = None


class _PlantBreak(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    merchant_id: MerchantId
    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")] | None = None


@get("/_sim/health")
async def health(request: SimRequest) -> Answer:
    """Healthy, including the loop of timers and callbacks."""
    loop = simulation_of(request).loop
    if loop is None or loop.done():
        raise ApiError("service_unavailable", "The loop of timers and callbacks has ended.")
    return _json({"status": "ok"})


@get("/_sim/transactions")
async def transactions(request: SimRequest) -> Answer:
    """All transactions."""
    simulation = simulation_of(request)
    return _json({"items": [_full(simulation, one) for one in simulation.store.transactions()]})


@get("/_sim/transactions/{merchant_id:int}")
async def one_transaction(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """One transaction, or 404 with its request count for one that was never recorded."""
    simulation = simulation_of(request)
    return _json(_full(simulation, _existing(simulation, merchant_id)))


@get("/_sim/totals")
async def totals(request: SimRequest) -> Answer:
    """Movements of money."""
    movements: list[dict[str, Any]] = [*simulation_of(request).store.money()]
    wallets: dict[tuple[str, str], int] = {}
    for one in movements:
        if one["wallet_id"] is not None:
            key = (one["wallet_id"], one["currency"])
            sign = 1 if one["kind"] == "paid" else -1
            wallets[key] = wallets.get(key, 0) + sign * one["minor"]
    return _json(
        {
            "movements": [
                {**one, "amount": on_wire(one["minor"], one["currency"])} for one in movements
            ],
            "wallets": [
                {
                    "wallet_id": key[0],
                    "currency": key[1],
                    "minor": minor,
                    "amount": on_wire(minor, key[1]),
                }
                for key, minor in sorted(wallets.items())
            ],
        }
    )


@get("/_sim/callbacks")
async def callbacks(request: SimRequest) -> Answer:
    """Every callback, in order of the events."""
    return _json({"items": [_shown(one) for one in all_callbacks(simulation_of(request).store)]})


@post("/_sim/faults", status_code=201)
async def plant_faults(request: SimRequest) -> Answer:
    """Misbehaviours for one merchant_id or for the next new ones."""
    simulation = simulation_of(request)
    asked = decode(await request.body(), _PlantFaults)
    faults = parse(asked.faults)
    if asked.merchant_id is None:
        simulation.store.plant(faults, asked.count)
    else:
        before = simulation.store.seen(asked.merchant_id).faults
        simulation.store.set_faults(asked.merchant_id, {**before, **faults})
    return _json({"faults": to_json(faults)}, status_code=201)


@delete("/_sim/faults", status_code=200)
async def forget_faults(request: SimRequest) -> Answer:
    """Drop misbehaviours not used yet."""
    simulation_of(request).store.forget_planted()
    return _json({})


@post("/_sim/transactions/{merchant_id:int}/settle", status_code=200)
async def settle(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """Move a payout now."""
    asked = decode(await request.body() or b"{}", _Settle)
    failure = "payout_rejected" if asked.status == "failed" else None
    return _move(request, merchant_id, asked.status, failure)


@post("/_sim/transactions/{merchant_id:int}/return", status_code=200)
async def give_back(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """Return a paid payout."""
    return _move(request, merchant_id, "returned", None)


@post("/_sim/transactions/{merchant_id:int}/expire", status_code=200)
async def expire(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """Expire a deposit."""
    return _move(request, merchant_id, "expired", None)


@post("/_sim/transactions/{merchant_id:int}/decline", status_code=200)
async def decline(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """The payer declines a deposit."""
    return _move(request, merchant_id, "failed", "payer_declined")


@post("/_sim/transactions/{merchant_id:int}/pay", status_code=200)
async def pay(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """The payer pays a deposit, the exact amount or a given one."""
    simulation = simulation_of(request)
    asked = decode(await request.body() or b"{}", _Pay)
    order = _existing(simulation, merchant_id).order
    currency = asked.currency or order.currency
    if currency not in EXPONENTS:
        raise ApiError("unsupported_currency", "Not in the table.", field="currency")
    amount = bytes(asked.amount)
    minor = parse_minor(amount, currency) if amount else order.minor
    exactly = not amount and asked.currency is None
    simulation.lifecycle.pay(merchant_id, None if exactly else (minor, currency))
    return _after(simulation, merchant_id)


@post("/_sim/transactions/{merchant_id:int}/resend", status_code=200)
async def resend_callbacks(request: SimRequest, merchant_id: FromPath[int]) -> Answer:
    """Send all genuine callbacks of a transaction again."""
    simulation = simulation_of(request)
    _existing(simulation, merchant_id)
    resend(simulation.store, merchant_id, simulation.lifecycle.now())
    return _after(simulation, merchant_id)


@post("/_sim/registry/breaks", status_code=201)
async def plant_break(request: SimRequest) -> Answer:
    """Plant an error in a day's registry."""
    simulation = simulation_of(request)
    asked = decode(await request.body(), _PlantBreak)
    if asked.kind not in BREAKS:
        raise ApiError("invalid_field", f"One of {', '.join(BREAKS)}.", field="kind")
    day = asked.date or simulation.config.clock().date().isoformat()
    simulation.store.plant_break(day, asked.kind, asked.merchant_id)
    return _json(
        {"date": day, "kind": asked.kind, "merchant_id": asked.merchant_id}, status_code=201
    )


@delete("/_sim/registry/breaks", status_code=200)
async def forget_breaks(request: SimRequest) -> Answer:
    """Remove the planted errors of the registry."""
    simulation_of(request).store.forget_breaks()
    return _json({})


@post("/_sim/reset", status_code=200)
async def reset(request: SimRequest) -> Answer:
    """Forget everything."""
    simulation_of(request).store.reset()
    return _json({})


def _move(request: SimRequest, merchant_id: int, status: str, failure: str | None) -> Answer:
    simulation = simulation_of(request)
    simulation.lifecycle.move(merchant_id, status, failure=failure)
    return _after(simulation, merchant_id)


def _after(simulation: Simulation, merchant_id: int) -> Answer:
    simulation.wake.set()
    return _json(_full(simulation, _existing(simulation, merchant_id)))


def _existing(simulation: Simulation, merchant_id: int) -> Transaction:
    found = simulation.store.find(merchant_id)
    if found is None:
        raise LookupError(merchant_id)
    return found


def _full(simulation: Simulation, found: Transaction) -> dict[str, object]:
    merchant_id = found.order.merchant_id
    seen = simulation.store.seen(merchant_id)
    sent = all_callbacks(simulation.store, merchant_id)
    return {
        "transaction": view(found, {}),
        "faults": to_json(seen.faults),
        "requests": seen.requests,
        "queries": seen.queries,
        "callbacks": [_shown(one) for one in sent],
    }


def _shown(callback: Callback) -> dict[str, object]:
    return {
        "event_id": callback.event_id,
        "merchant_id": callback.merchant_id,
        "type": callback.type,
        "state": callback.state,
        "attempts": callback.attempts,
        "forged": bool(callback.forged),
        "last_answer": callback.last_answer,
    }


def _json(value: object, status_code: int = 200) -> Answer:
    return Response(encode(value), media_type="application/json", status_code=status_code)


ADMIN_ROUTES = [
    health,
    transactions,
    one_transaction,
    totals,
    callbacks,
    plant_faults,
    forget_faults,
    settle,
    give_back,
    expire,
    decline,
    pay,
    resend_callbacks,
    plant_break,
    forget_breaks,
    reset,
]
