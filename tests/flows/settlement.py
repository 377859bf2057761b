"""Registries of a provider for the tests of reconciliation, and payouts that they are about."""

from datetime import UTC, datetime
from typing import Any

import httpx
import sqlalchemy as sa

from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay

PAST = "2026-01-01"


async def settled(superpay: SuperPay, count: int) -> list[int]:
    """Merchant ids of paid payouts."""
    wallet = await superpay.wallet()
    ids = [await superpay.payout(wallet) for _ in range(count)]
    return [(await superpay.reaches("payouts", one, "paid"))["merchant_id"] for one in ids]


async def fetched(superpay: SuperPay, runs: int) -> dict[str, Any]:
    """The newest registry, once there are that many."""
    day = datetime.now(UTC).date().isoformat()
    await superpay.post("/v1/reconciliation/registries/fetch", {"date": day})

    async def there() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await superpay.get("/v1/reconciliation/registries"))["items"]
        return items if len(items) >= runs else []

    return (await eventually(there))[0]


def line(number: int, **over: Any) -> dict[str, Any]:
    """A line of a registry."""
    return {
        "line_id": f"l{number}",
        "transaction_id": f"sp_{number}",
        "merchant_id": number,
        "type": "payout",
        "status": "paid",
        "amount": "10.00",
        "currency": "RUB",
        "fee_amount": None,
        "fee_currency": None,
        "operated_at": "2026-01-01T12:00:00.000000Z",
        **over,
    }


def registry(*lines: dict[str, Any]) -> dict[str, Any]:
    """A registry of a day long ago."""
    return {
        "date": "2026-01-01",
        "closed": True,
        "generated_at": "2026-01-02T03:00:00.000000Z",
        "line_count": len(lines),
        "lines": list(lines),
    }


async def upload(superpay: SuperPay, content: Any) -> httpx.Response:
    """POST a JSON registry."""
    return await superpay.http.post("/v1/reconciliation/registries", json=content)


async def happened(superpay: SuperPay, *numbers: int, day: str = PAST) -> None:
    """These payouts as if asked for, and ended, at noon of that day."""
    query = sa.text(
        "UPDATE payouts SET created_at = :at, ended_at = :at, state_since = :at"
        " WHERE merchant_id = ANY(:numbers)"
    )
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    async with superpay.platform.engine.begin() as connection:
        await connection.execute(query, {"at": at, "numbers": list(numbers)})


async def broken(superpay: SuperPay, kind: str) -> dict[str, Any]:
    """The one break of a kind."""
    (found,) = (await superpay.get(f"/v1/reconciliation/breaks?kind={kind}"))["items"]
    item: dict[str, Any] = found
    return item
