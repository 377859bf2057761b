"""Metadata comes back byte for byte as it was sent, or is refused; its order is no content."""

import httpx
import pytest

from payments.operations.envelope import digest_of
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT

EXACT = '{"z":1,"rate":1.23456789012345678901,"n":-0.0,"d":1,"a":{"y":1.50,"x":[1e3,null]}}'
OTHER_ORDER = '{"a":{"x":[1e3,null],"y":1.50},"d":1,"n":-0.0,"rate":1.23456789012345678901,"z":1}'


async def opened(http: httpx.AsyncClient, metadata: str, **headers: str) -> httpx.Response:
    content = f'{{"currency":"RUB","owner":"o","metadata":{metadata}}}'
    headers = {"Content-Type": "application/json", **WAIT, **headers}
    return await http.post("/v1/wallets", content=content, headers=headers)


@pytest.mark.case("M9")
async def test_every_answer_shows_what_was_sent(native: httpx.AsyncClient) -> None:
    made = await opened(native, f" {EXACT} ".replace(":1,", " : 1 ,"))
    assert made.status_code == 201, made.text
    path = f"/v1/wallets/{made.json()['wallet_id']}"
    operation = await native.get(made.headers["Location"])
    for answer in (made, operation, await native.get(path), await native.get("/v1/wallets")):
        assert f'"metadata":{EXACT}' in answer.text
    frozen = await native.post(f"{path}/freeze", headers=WAIT)
    assert frozen.status_code == 201
    assert f'"metadata":{EXACT}' in (await native.get(path)).text


@pytest.mark.case("M9")
async def test_another_order_of_members_is_the_same_request(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    key = {"Idempotency-Key": "w-1"}
    made = await opened(native, EXACT, **key)
    again = await opened(native, OTHER_ORDER, **key)
    assert (again.status_code, again.text) == (201, made.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await opened(native, OTHER_ORDER.replace("1.50", "1.5"), **key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert await platform.value("SELECT count(*) FROM wallets") == 1


async def test_what_0_1_0_opened_is_replayed(native: httpx.AsyncClient, platform: Platform) -> None:
    """It made the digest of the body as it stood; members in any order were other content."""
    key = {"Idempotency-Key": "w-1"}
    made = await opened(native, '{"z":1,"a":2}', **key)
    body = b'{"currency":"RUB","owner":"o","metadata":{"z":1,"a":2}}'
    digest = digest_of("wallet.open", "client:test", body)
    async with platform.connection() as connection:
        await connection.execute("ALTER TABLE operations DISABLE TRIGGER USER")
        await connection.execute("UPDATE operations SET digest = $1", digest)
    again = await opened(native, '{"z":1,"a":2}', **key)
    assert (again.status_code, again.text) == (201, made.text)


@pytest.mark.case("M9")
@pytest.mark.parametrize(
    "metadata", ['{"d":1,"d":2}', '{"a":[{"d":1,"d":2}]}', '{"a":1e999}', "null"]
)
async def test_what_could_not_come_back_is_422(native: httpx.AsyncClient, metadata: str) -> None:
    answer = await opened(native, metadata)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
    assert answer.json()["errors"][0]["field"].startswith("metadata")
