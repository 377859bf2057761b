"""A client is the name of its API keys: whichever of them it uses, it is one caller."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

import payments.transfers.create
from payments.apikeys.token import Token, new_token
from payments.apikeys.writes import create_key
from payments.kernel.clock import utc_now
from payments.operations.submit import keyed
from payments.transfers.create import CreateTransfer
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import DEADLINE_S, Platform
from tests.flows.native import WAIT, funded, money, opened, transfer

KEYED = {**WAIT, "Idempotency-Key": "order-1"}


def bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.text()}"}


async def made(platform: Platform, name: str) -> Token:
    """A key as `payments keys create --name` makes it."""
    return await create_key(platform.engine, utc_now, env="development", name=name, scopes=("*",))


async def made_by_0_1_0(platform: Platform, name: str) -> Token:
    """A key as 0.1.0 stored it: it knew no clients, the key itself was the caller."""
    token = new_token("development")
    async with platform.connection() as connection:
        await connection.execute(
            "INSERT INTO api_keys (id, name, scopes, secret_hash, created_at)"
            " VALUES ($1, $2, '{*}', $3, $4)",
            token.id,
            name,
            token.digest(),
            utc_now(),
        )
    return token


async def asked_of_0_1_0(
    platform: Platform, token: Token, body: dict[str, Any], wait_s: float = DEADLINE_S
) -> UUID:
    """A transfer under `order-1` as 0.1.0 submitted it for this key; the operation's id."""
    intent = CreateTransfer(
        source_wallet_id=body["source_wallet_id"],
        destination_wallet_id=body["destination_wallet_id"],
        minor=int(body["amount"].replace(".", "")),
        currency=body["currency"],
    )
    request = keyed(
        payments.transfers.create.OPERATION, intent, actor=f"key:{token.id}", key="order-1"
    )
    return (await platform.submitter(request, wait_s)).operation_id


@pytest.fixture(autouse=True)
async def _invariants_hold(platform: Platform) -> AsyncIterator[None]:
    yield
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("M1")
async def test_a_rotated_key_is_the_same_caller(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "10.00")
    old, new = await made(platform, "backend"), await made(platform, "backend")
    first = await native.post("/v1/transfers", json=body, headers={**KEYED, **bearer(old)})
    again = await native.post("/v1/transfers", json=body, headers={**KEYED, **bearer(new)})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await money(native, source) == ("90.00", "90.00", "0.00")
    other = transfer(source, destination, "11.00")
    changed = await native.post("/v1/transfers", json=other, headers={**KEYED, **bearer(new)})
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_conflict")
    seen = await native.get(first.headers["Location"], headers=bearer(new))
    assert seen.json()["status"] == "applied"


async def test_another_client_is_another_caller(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "10.00")
    one, other = await made(platform, "one"), await made(platform, "other")
    async with platform.connection() as connection:
        await connection.execute("UPDATE api_keys SET scopes = '{transfers:write,operations:read}'")
    first = await native.post("/v1/transfers", json=body, headers={**KEYED, **bearer(one)})
    second = await native.post("/v1/transfers", json=body, headers={**KEYED, **bearer(other)})
    assert first.json()["operation_id"] != second.json()["operation_id"]
    hidden = await native.get(first.headers["Location"], headers=bearer(other))
    assert hidden.status_code == 404


@pytest.mark.case("M1")
async def test_what_an_old_key_asked_for_is_replayed_for_every_key_of_its_client(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "10.00")
    old = await made_by_0_1_0(platform, "backend")
    operation_id = await asked_of_0_1_0(platform, old, body)
    for token in (old, await made(platform, "backend")):
        answer = await native.post("/v1/transfers", json=body, headers={**KEYED, **bearer(token)})
        assert answer.json()["operation_id"] == str(operation_id)
        assert answer.headers["Idempotency-Replayed"] == "true"
        seen = await native.get(f"/v1/operations/{operation_id}", headers=bearer(token))
        assert seen.status_code == 200
    assert await money(native, source) == ("90.00", "90.00", "0.00")


@pytest.mark.case("M1")
@pytest.mark.parametrize("stands", ["decided", "in the stream"])
async def test_two_old_keys_of_a_client_keep_what_each_asked_for(
    native: httpx.AsyncClient, platform: Platform, stands: str
) -> None:
    is_decided = stands == "decided"
    source, destination = await funded(native, "100.00"), await opened(native)
    first, second = [await made_by_0_1_0(platform, "backend") for _ in range(2)]
    bodies = [transfer(source, destination, amount) for amount in ("10.00", "20.00")]
    if not is_decided:
        await platform.stop_consumer()
    ids = [
        str(await asked_of_0_1_0(platform, token, body, DEADLINE_S if is_decided else 0))
        for token, body in zip((first, second), bodies, strict=True)
    ]
    new = await made(platform, "backend")
    headers = {"Idempotency-Key": "order-1"}
    for token in (first, second, new):
        for body, operation_id in zip(bodies, ids, strict=True):
            answer = await native.post(
                "/v1/transfers", json=body, headers={**headers, **bearer(token)}
            )
            assert answer.json()["operation_id"] == operation_id, answer.text
            assert answer.headers["Idempotency-Replayed"] == "true"
    other = transfer(source, destination, "30.00")
    answer = await native.post("/v1/transfers", json=other, headers={**headers, **bearer(new)})
    code = "idempotency_conflict" if is_decided else "not_decided_yet"
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    fresh = {"Idempotency-Key": "order-2"}
    ids = [
        (await native.post("/v1/transfers", json=other, headers={**fresh, **bearer(token)})).json()[
            "operation_id"
        ]
        for token in (second, new, first)
    ]
    assert len(set(ids)) == 1
    if not is_decided:
        await platform.start_consumer()
    await platform.settled()
    assert await money(native, source) == ("40.00", "40.00", "0.00")


@pytest.mark.case("M1")
async def test_a_handshake_of_a_rotated_key_stays_the_same(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    old, new = await made(platform, "backend"), await made(platform, "backend")
    body, key = {"user_id": 1, "amount": 7100}, {"Idempotency-Key": "wallet-1"}
    first = await native.post("/api/v1/wallet", json=body, headers={**key, **bearer(old)})
    again = await native.post("/api/v1/wallet", json=body, headers={**key, **bearer(new)})
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    await platform.settled()
    assert await platform.value("SELECT count(*) FROM client_wallets") == 1


@pytest.mark.parametrize("name", ["", " ", "a ", " a", "a\nb", "a\x1fb", "x" * 101])
async def test_a_client_needs_a_name_that_can_be_read(platform: Platform, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await made(platform, name)
