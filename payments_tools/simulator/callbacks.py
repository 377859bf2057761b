"""Callbacks: written with the change they report, sent until acknowledged, with misbehaviours."""

from collections.abc import Collection
from typing import Final

import httpx
import msgspec

from payments.kernel.ids import new_secret
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.faults import Fault, Faults
from payments_tools.simulator.messages import Transaction, encode, moment, view
from payments_tools.simulator.signing import sign
from payments_tools.simulator.store import Store

BATCH: Final = 32
"""Callbacks sent at the same time."""
_LAST_STATUSES: Final = {"paid", "failed", "canceled", "returned", "expired"}
_OPPOSITE: Final = {"paid": "failed"}
# A made-up secret for forged callbacks.
_FORGERS_SECRET: Final = "whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQtZm9yZ2Vk"  # noqa: S105 - made up


class Callback(msgspec.Struct, frozen=True):
    """A callback; `state` is pending, held, lost, delivered or given_up."""

    seq: int
    event_id: str
    merchant_id: int
    type: str
    body: bytes
    state: str
    due: float
    attempts: int
    copies_left: int
    forged: int
    last_answer: str | None


def announce(store: Store, transaction: Transaction, faults: Faults, now: float) -> None:
    """Write the callback of the status just reached; part of the caller's transaction."""
    if Fault.FORGE_CALLBACKS in faults:
        lie = msgspec.structs.replace(transaction, status=_OPPOSITE.get(transaction.status, "paid"))
        _insert(store, lie, {}, "pending", now, copies=0, forged=True)
    state = "pending"
    if Fault.LOSE_CALLBACKS in faults:
        state = "lost"
    elif Fault.REORDER_CALLBACKS in faults and transaction.status not in _LAST_STATUSES:
        state = "held"
    due = now + faults.get(Fault.LATE_CALLBACKS, 0)
    copies = int(faults.get(Fault.DUPLICATE_CALLBACKS, 0))
    _insert(store, transaction, faults, state, due, copies=copies, forged=False)


def _insert(
    store: Store,
    transaction: Transaction,
    faults: Faults,
    state: str,
    due: float,
    *,
    copies: int,
    forged: bool,
) -> None:
    kind = f"{transaction.order.type}.{transaction.status}"
    at = moment(transaction.updated_at)
    body = encode({"type": kind, "timestamp": at, "data": view(transaction, faults)})
    store.connection.execute(
        "INSERT INTO callbacks (event_id, merchant_id, type, body, state, due, copies_left, forged)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            "evt_" + new_secret(12),
            transaction.order.merchant_id,
            kind,
            body,
            state,
            due,
            copies,
            forged,
        ),
    )


def all_callbacks(store: Store, merchant_id: int | None = None) -> list[Callback]:
    """All callbacks, or those of one transaction, in order of their events."""
    rows = store.connection.execute(
        "SELECT * FROM callbacks WHERE :of IS NULL OR merchant_id = :of ORDER BY seq",
        {"of": merchant_id},
    )
    return [Callback(*row) for row in rows]


def due_callbacks(store: Store, now: float, in_flight: Collection[int]) -> list[Callback]:
    """Callbacks to send now, oldest first."""
    rows = store.connection.execute(
        "SELECT * FROM callbacks WHERE state = 'pending' AND due <= ? ORDER BY due, seq LIMIT ?",
        (now, BATCH + len(in_flight)),
    )
    return [found for row in rows if (found := Callback(*row)).seq not in in_flight]


def next_due(store: Store, in_flight: Collection[int]) -> float | None:
    """When the next callback is due."""
    rows = store.connection.execute(
        "SELECT seq, due FROM callbacks WHERE state = 'pending' ORDER BY due"
    )
    return next((float(row["due"]) for row in rows if row["seq"] not in in_flight), None)


def resend(store: Store, merchant_id: int, now: float) -> int:
    """Send the genuine callbacks of a transaction again, lost and held ones too; return
    the count.
    """
    with store.write():
        return store.connection.execute(
            "UPDATE callbacks SET state = 'pending', due = ?, attempts = 0, copies_left = 0"
            " WHERE merchant_id = ? AND NOT forged",
            (now, merchant_id),
        ).rowcount


async def send(
    client: httpx.AsyncClient, config: SimulatorConfig, callback: Callback, trace: str = ""
) -> str:
    """One attempt; returns the status as text ("200") or the name of the error."""
    if config.callback_url is None:
        return "no callback_url"
    timestamp = int(config.clock().timestamp())
    secrets = (_FORGERS_SECRET,) if callback.forged else config.callback_secrets
    signatures = [sign(secret, callback.event_id, timestamp, callback.body) for secret in secrets]
    headers = {
        "content-type": "application/json",
        "webhook-id": callback.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
        **({"traceparent": trace} if trace else {}),
    }
    try:
        answer = await client.post(config.callback_url, content=callback.body, headers=headers)
    except httpx.HTTPError as problem:
        return type(problem).__name__
    return str(answer.status_code)


def note_attempt(store: Store, config: SimulatorConfig, callback: Callback, answer: str) -> None:
    """Store the result of an attempt and the time of the next one, if any."""
    now = config.clock().timestamp()
    acknowledged = answer.startswith("2") and answer.isdigit()
    copies = callback.copies_left
    waits = config.callback_retry_s
    if acknowledged and copies:
        state, due, copies = "pending", now, copies - 1
    elif acknowledged:
        state, due = "delivered", now
    elif callback.forged or callback.attempts >= len(waits):
        state, due = "given_up", now
    else:
        state, due = "pending", now + waits[callback.attempts]
    with store.write():
        store.connection.execute(
            "UPDATE callbacks SET state = ?, due = ?, copies_left = ?, last_answer = ?,"
            " attempts = attempts + 1 WHERE seq = ?",
            (state, due, copies, answer, callback.seq),
        )
        if acknowledged and not callback.forged and _is_last(callback):
            store.connection.execute(
                "UPDATE callbacks SET state = 'pending', due = ?"
                " WHERE merchant_id = ? AND state = 'held'",
                (now, callback.merchant_id),
            )


def _is_last(callback: Callback) -> bool:
    return callback.type.partition(".")[2] in _LAST_STATUSES
