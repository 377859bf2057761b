"""Intake of deposits and payouts: each merchant_id is recorded or refused once and finally."""

import msgspec

from payments.kernel.ids import new_secret
from payments_tools.simulator.amounts import EXPONENTS, within_limits
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.faults import Fault, Faults, asked_for
from payments_tools.simulator.lifecycle import Lifecycle
from payments_tools.simulator.messages import Order, Transaction

_REFUSED_BY_FAULT = {
    Fault.INSUFFICIENT_FUNDS: "insufficient_merchant_funds",
    Fault.WALLET_NOT_FOUND: "wallet_not_found",
    Fault.WALLET_BLOCKED: "wallet_blocked",
    Fault.COMPLIANCE: "compliance_refused",
}
_REFUSED_BY_WALLET = {"W-UNKNOWN": "wallet_not_found", "W-BLOCKED": "wallet_blocked"}
_FIELD_OF = {
    "wallet_not_found": "wallet_id",
    "wallet_blocked": "wallet_id",
    "wallet_currency_mismatch": "currency",
    "amount_out_of_limits": "amount",
}
_BEFORE_ACCEPT = {
    Fault.RATE_LIMITED: "rate_limited",
    Fault.UNAVAILABLE: "service_unavailable",
    Fault.ERROR_BEFORE_ACCEPT: "internal_error",
}


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a request: a transaction, an error or nothing, and misbehaviours of the response.

    `first`: this request created the transaction. `requests`: number of requests including this
    one. `drop`: cut the connection without a response.
    """

    transaction: Transaction | None
    error: ApiError | None
    faults: Faults
    first: bool
    requests: int
    drop: bool = False


class Standing(msgspec.Struct, frozen=True):
    """Of a wallet: why it cannot be paid, and its currency where its id ends in one."""

    refusal: str | None
    currency: str | None


def standing_of(wallet_id: str) -> Standing:
    """A wallet of the sandbox: its id says everything."""
    ending = wallet_id.rpartition("-")[2]
    currency = ending if ending in EXPONENTS else None
    return Standing(_REFUSED_BY_WALLET.get(wallet_id), currency)


def take_in(lifecycle: Lifecycle, order: Order, pages: str) -> Intake:
    """Record the order, or return its earlier result; `pages` is the base of payment page URLs.

    Runs without an await in one SQLite transaction, so that of many equal requests exactly one is
    recorded. Raises `ApiError` for a request that is not recorded.
    """
    store = lifecycle.store
    asked = asked_for(order.description, order.minor)
    with store.write():
        seen = store.note_request(order.merchant_id, asked)
        found = store.find(order.merchant_id)
        if found is not None:
            return _again(found, order, seen.faults, seen.requests)
        early = _before_accept(seen.faults, seen.requests)
        if early is not None:
            return early
        created = _create(lifecycle, order, seen.faults, pages)
        lifecycle.begin(created, seen.faults)
        return _answer(created, seen.faults, first=True, requests=seen.requests)


def _again(found: Transaction, order: Order, faults: Faults, requests: int) -> Intake:
    if found.order != order:
        raise ApiError(
            "merchant_id_reused",
            f"merchant_id {order.merchant_id} belongs to another request.",
            field="merchant_id",
            transaction_id=found.transaction_id,
        )
    return _answer(found, faults, first=False, requests=requests)


def _before_accept(faults: Faults, requests: int) -> Intake | None:
    if requests <= faults.get(Fault.DROP_BEFORE_ACCEPT, 0):
        return Intake(
            transaction=None, error=None, faults={}, first=False, requests=requests, drop=True
        )
    for fault, code in _BEFORE_ACCEPT.items():
        if requests <= faults.get(fault, 0):
            error = ApiError(code, "The sandbox was told to.")
            return Intake(transaction=None, error=error, faults={}, first=False, requests=requests)
    return None


def _create(lifecycle: Lifecycle, order: Order, faults: Faults, pages: str) -> Transaction:
    at = lifecycle.config.clock()
    refusal = _refusal(order, faults)
    transaction_id = "sp_" + new_secret(12)
    deposit = order.type == "deposit"
    lifetime = lifecycle.lifetime(faults)
    return Transaction(
        transaction_id=transaction_id,
        order=order,
        status="created" if refusal is None else "failed",
        version=1,
        created_at=at,
        updated_at=at,
        completed_at=None if refusal is None else at,
        failure_code=refusal,
        refused=refusal is not None,
        page_url=f"{pages}/pay/{transaction_id}" if deposit else None,
        expires_at=at + lifetime if deposit else None,
    )


def _refusal(order: Order, faults: Faults) -> str | None:
    for fault, code in _REFUSED_BY_FAULT.items():
        if fault in faults:
            return code
    if not within_limits(order.minor):
        return "amount_out_of_limits"
    if order.wallet_id is None:
        return None
    standing = standing_of(order.wallet_id)
    if standing.refusal is None and standing.currency not in {None, order.currency}:
        return "wallet_currency_mismatch"
    return standing.refusal


def _answer(found: Transaction, faults: Faults, *, first: bool, requests: int) -> Intake:
    error = None
    if found.refused and found.failure_code is not None:
        error = ApiError(
            found.failure_code,
            "Refused, and refused for ever under this merchant_id.",
            field=_FIELD_OF.get(found.failure_code),
            transaction_id=found.transaction_id,
        )
    return Intake(
        transaction=found,
        error=error,
        faults=faults,
        first=first,
        requests=requests,
        drop=requests <= faults.get(Fault.DROP_AFTER_ACCEPT, 0),
    )
