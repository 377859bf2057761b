"""The wallet and transaction services, byte by byte as the seed shows them."""

import re
from typing import Any

import httpx
import pytest

from payments.entrypoints.settings import Profile, Secret
from tests.fixtures.platform import Platform, api_key, eventually

JSON = {"Content-Type": "application/json"}
HANDSHAKE = r"[0-9a-f]{64}"
NEW_WALLET = (
    r'\{"user_id":null,"handshake_id":"(' + HANDSHAKE + r')","wallet_id":null,"status":null,'
    r'"amount":null,"created_at":null,"updated_at":null,"currency":null\}'
)
NEW_TRANSACTION = (
    r'\{"user_id":null,"handshake_id":"(' + HANDSHAKE + r')","transaction_id":null,"status":null,'
    r'"source_wallet_id":null,"destination_wallet_id":null,"info":null\}'
)
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"


async def accepted(http: httpx.AsyncClient, path: str, content: str, shape: str) -> str:
    """The handshake of a POST whose answer has this shape."""
    answer = await http.post(path, content=content, headers=JSON)
    assert answer.status_code == 202, answer.text
    found = re.fullmatch(shape, answer.text)
    assert found, answer.text
    return found[1]


async def told(http: httpx.AsyncClient, path: str, user_id: int, handshake: str) -> str:
    """What a GET with a body says, once it is decided."""
    body = f'{{"user_id":{user_id}, "handshake_id":"{handshake}"}}'

    async def look() -> str | None:
        answer = await http.request("GET", path, content=body, headers=JSON)
        assert answer.status_code == 200, answer.text
        return answer.text if answer.json()["status"] is not None else None

    found = await eventually(look)
    assert found is not None
    return found


async def wallet(http: httpx.AsyncClient, user_id: int, amount: str = "7100") -> int:
    """The number of a new wallet."""
    body = f'{{"user_id":{user_id}, "amount": {amount}}}'
    handshake = await accepted(http, "/api/v1/wallet/", body, NEW_WALLET)
    answer: dict[str, Any] = httpx.Response(
        200, text=await told(http, "/api/v1/wallet/", user_id, handshake)
    ).json()
    number: int = answer["wallet_id"]
    return number


@pytest.mark.parametrize(
    "path", ["/api/v1/wallet/", "/api/v1/wallet", "//api/v1/wallet", "//api/v1/wallet/"]
)
async def test_the_seeds_wallet(client: httpx.AsyncClient, path: str) -> None:
    path = f"http://testserver{path}"
    handshake = await accepted(client, path, '{"user_id":1, "amount": 7100}', NEW_WALLET)
    text = await told(client, path, 1, handshake)
    assert re.fullmatch(
        rf'\{{"user_id":null,"handshake_id":"{handshake}","wallet_id":[0-9]+,"status":"active",'
        rf'"amount":7100.0,"created_at":"{MOMENT}","updated_at":"{MOMENT}","currency":"usd"\}}',
        text,
    ), text


async def test_the_seeds_transaction(client: httpx.AsyncClient) -> None:
    source, destination = await wallet(client, 1), await wallet(client, 2)
    body = (
        f'{{"user_id": 1, "source_wallet_id": {source}, '
        f'"dest_wallet_id": {destination}, "trans_sum": 777.88}}'
    )
    handshake = await accepted(client, "/api/v1/transaction/", body, NEW_TRANSACTION)
    decided = (
        f'{{"user_id":null,"handshake_id":"{handshake}","transaction_id":1,"status":"processed",'
        f'"source_wallet_id":{source},"destination_wallet_id":{destination},'
        '"info":{"msg":"transaction was successful"}}'
    )
    assert await told(client, "/api/v1/transaction/", 1, handshake) == decided
    assert await told(client, "/api/v1/transaction/async", 1, handshake) == decided
    query = {"user_id": "1", "handshake_id": handshake}
    assert (await client.get("/api/v1/transaction", params=query)).text == decided
    detail = (await client.get("/api/v1/wallet/", params={"wallet_id": source})).json()
    assert (detail["user_id"], detail["amount"]) == (1, 6322.12)


async def test_a_second_wallet_is_rejected(client: httpx.AsyncClient) -> None:
    await wallet(client, 1)
    handshake = await accepted(client, "/api/v1/wallet/", '{"user_id":1,"amount":5}', NEW_WALLET)
    for path in ("/api/v1/wallet/", "/api/v1/wallet/async"):
        assert await told(client, path, 1, handshake) == (
            f'{{"user_id":null,"handshake_id":"{handshake}","wallet_id":null,"status":"rejected",'
            '"amount":null,"created_at":null,"updated_at":null,"currency":null,'
            '"info":{"msg":"user already has a wallet"}}'
        )


REJECTED: dict[str, dict[str, Any]] = {
    "insufficient funds": {"trans_sum": 7100.01},
    "source wallet does not belong to the user": {"user_id": 2},
    "source and destination are the same wallet": {"dest_wallet_id": "source"},
    "wallet not found": {"dest_wallet_id": 2**53 - 1},
}


async def test_rejected_transactions(client: httpx.AsyncClient) -> None:
    source, destination = await wallet(client, 1), await wallet(client, 2)
    plain = {"user_id": 1, "source_wallet_id": source, "dest_wallet_id": destination}
    for message, changes in REJECTED.items():
        body = plain | {"trans_sum": 1}
        body |= {k: source if v == "source" else v for k, v in changes.items()}
        posted = (await client.post("/api/v1/transaction/", json=body)).json()
        text = await told(client, "/api/v1/transaction/", body["user_id"], posted["handshake_id"])
        found: dict[str, Any] = httpx.Response(200, text=text).json()
        assert (found["status"], found["info"]) == ("rejected", {"msg": message})
        assert isinstance(found["transaction_id"], int)
        number = {"user_id": body["user_id"], "transaction_id": found["transaction_id"]}
        again = (await client.get("/api/v1/transaction/", params=number)).json()
        assert again == {**found, "handshake_id": None}


BAD = [
    ("{", 400, "invalid_json"),
    ("[" * 5000, 400, "invalid_json"),
    ("[]", 422, "invalid_body"),
    ('{"user_id":"1","amount":1}', 422, "invalid_body"),
    ('{"user_id":1.0,"amount":1}', 422, "invalid_body"),
    ('{"user_id":true,"amount":1}', 422, "invalid_body"),
    ('{"user_id":0,"amount":1}', 422, "invalid_body"),
    ('{"user_id":99999999999999999999,"amount":1}', 422, "invalid_body"),
    ('{"user_id":1,"amount":1,"currenci":"usd"}', 422, "invalid_body"),
    ('{"user_id":1,"amount":0.000}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":-1}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":0.001}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":1e3}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":"NaN"}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":99999999999999999}', 422, "invalid_amount"),
    ('{"user_id":1,"amount":1,"currency":"xxx"}', 422, "invalid_currency"),
    ('{"user_id":1,"user_id":2,"amount":1}', 422, "invalid_body"),
]


async def test_bad_input_changes_nothing(client: httpx.AsyncClient, platform: Platform) -> None:
    for content, status, code in BAD:
        answer = await client.post("/api/v1/wallet/", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (status, code), content[:80]
        assert answer.headers["content-type"] == "application/problem+json"
    assert await platform.value("SELECT count(*) FROM operations") == 0


async def test_more_bad_input(client: httpx.AsyncClient) -> None:
    number = await wallet(client, 1)
    body = {"user_id": 1, "source_wallet_id": number, "dest_wallet_id": 2, "trans_sum": 0.001}
    answer = await client.post("/api/v1/transaction/", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_amount")
    assert answer.json()["errors"][0]["field"] == "trans_sum"
    form = await client.post("/api/v1/wallet/", data={"user_id": "1"})
    assert form.status_code == 415
    for query in ("handshake_id=zz", "wallet_id=99", "user_id=99"):
        assert (await client.get(f"/api/v1/wallet/?{query}")).status_code == 404, query
    assert (await client.get("/api/v1/wallet/?wallet_id=one")).status_code == 422
    assert (await client.get("/api/v1/transaction/?handshake_id=zz")).status_code == 422
    assert (await client.get("/api/v1/wallet/history/?wallet_id=99")).status_code == 404


class TestProduction:
    """Closed without a key."""

    OWN_KEY = "b3c1f4a09d7e5c2864f0a1b2c3d4e5f60718293a"

    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        """As compose runs it."""
        return {
            "env": Profile.PRODUCTION,
            "walletservice_api_key": Secret(self.OWN_KEY),
            "code_pepper": Secret("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"),
            "jwt_secret": Secret("9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d"),
            "shop_webhook_key": Secret("5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"),
        }

    async def test_no_key_no_service(self, client: httpx.AsyncClient, platform: Platform) -> None:
        """Its own key, or an API key with the scope."""
        body = {"user_id": 1, "amount": 7100}
        for path in ("/api/v1/wallet/", "/api/v1/transaction/", "/api/v1/wallet/deposit/"):
            assert (await client.post(path, json=body)).status_code == 401
        for path in ("/api/v1/wallet/", "/api/v1/transaction/async", "/api/v1/wallet/history/"):
            assert (await client.get(path)).status_code == 401
        wrong = {b"Authorization": "Bearer ключ".encode()}
        assert (await client.get("/api/v1/wallet/", headers=wrong)).status_code == 401
        own = {"Authorization": f"Bearer {self.OWN_KEY}"}
        assert (await client.post("/api/v1/wallet/", json=body, headers=own)).status_code == 202
        key = await api_key(platform, "wallets:read")
        assert (await client.get("/api/v1/wallet/?user_id=9", headers=key)).status_code == 404
        answer = await client.post("/api/v1/wallet/", json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/wallet/", {"user_id": 1, "amount": 5}),
        ("/api/v1/wallet/deposit/", {"wallet_id": 1, "amount": 5}),
        (
            "/api/v1/transaction/",
            {"user_id": 1, "source_wallet_id": 1, "dest_wallet_id": 2, "trans_sum": 5},
        ),
    ],
)
async def test_a_repeat_under_a_key_says_that_it_is_one(
    client: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "again"}
    first = await client.post(path, json=body, headers=headers)
    again = await client.post(path, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


@pytest.mark.parametrize(
    "ask", ["wallet", "wallet/async", "transaction?user_id=1", "transaction/async?user_id=1"]
)
async def test_a_question_that_names_nothing_is_told_what_to_name(
    client: httpx.AsyncClient, ask: str
) -> None:
    answer = await client.get(f"/api/v1/{ask}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
    assert "handshake_id" in answer.json()["detail"]


async def test_a_handshake_without_its_user_is_told_to_name_it(client: httpx.AsyncClient) -> None:
    body = '{"user_id":1, "amount": 5}'
    handshake = await accepted(client, "/api/v1/wallet/", body, NEW_WALLET)
    await told(client, "/api/v1/wallet/", 1, handshake)
    answer = await client.get(f"/api/v1/wallet/?handshake_id={handshake}")
    assert (answer.status_code, answer.json()["code"]) == (404, "handshake_not_found")
    assert "user_id" in answer.json()["detail"]
