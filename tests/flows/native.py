"""Words for the flows of the native API."""

from typing import Any

import httpx

WAIT = {"Prefer": "wait=30"}


async def opened(http: httpx.AsyncClient, currency: str = "RUB", owner: str = "user-17") -> int:
    """The id of a new wallet."""
    answer = await http.post(
        "/v1/wallets", json={"currency": currency, "owner": owner}, headers=WAIT
    )
    assert answer.status_code == 201, answer.text
    wallet_id: int = answer.json()["wallet_id"]
    return wallet_id


async def funded(http: httpx.AsyncClient, amount: str, currency: str = "RUB") -> int:
    """The id of a new wallet with money in it."""
    wallet_id = await opened(http, currency)
    body = {"wallet_id": wallet_id, "amount": amount, "currency": currency}
    body |= {"direction": "credit", "reason": "opening"}
    answer = await http.post("/v1/adjustments", json=body, headers=WAIT)
    assert (answer.status_code, answer.json()["balance"]) == (201, amount), answer.text
    return wallet_id


def transfer(source: int, destination: int, amount: str, currency: str = "RUB") -> dict[str, Any]:
    """The body of a transfer."""
    return {
        "source_wallet_id": source,
        "destination_wallet_id": destination,
        "amount": amount,
        "currency": currency,
    }


async def money(http: httpx.AsyncClient, wallet_id: int) -> tuple[str, str, str]:
    """Balance, available, held."""
    wallet = (await http.get(f"/v1/wallets/{wallet_id}")).json()
    return wallet["balance"], wallet["available"], wallet["held"]


async def waited(
    http: httpx.AsyncClient, path: str, body: Any = None
) -> tuple[int, dict[str, Any]]:
    """Status and document of a POST that waits."""
    answer = await http.post(path, json={} if body is None else body, headers=WAIT)
    document: dict[str, Any] = answer.json()
    return answer.status_code, document
