"""The bank's webhook, byte by byte as the seed shows it."""

from typing import Any

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.entrypoints.settings import Profile, Secret
from payments.kernel.clock import utc_now
from payments.webhooks.signing import v2_header
from tests.fixtures.platform import Platform, api_key

WEBHOOK = "/api/webhook/bank/"
JSON = {"Content-Type": "application/json"}
WAIT = {**JSON, "Prefer": "wait=30"}
SEED = """{
  "operation_id": "ccf0a86d-041b-4991-bcf7-e2352f7b8a4a",
  "amount": 145000,
  "payer_inn": "1234567890",
  "document_number": "PAY-328",
  "document_date": "2024-04-27T21:00:00Z"
}"""


@pytest.fixture(autouse=True)
async def organization(platform: Platform) -> None:
    """The seed's own."""
    await add_organization(platform.engine, utc_now, inn="1234567890", name="Ромашка")


async def test_the_seeds_payment(client: httpx.AsyncClient) -> None:
    empty = await client.get("/api/organizations/1234567890/balance/")
    assert (empty.status_code, empty.text) == (200, '{"inn":"1234567890","balance":0}')
    first = await client.post(WEBHOOK, content=SEED, headers=WAIT)
    assert (first.status_code, first.text) == (200, '{"status":"accepted"}')
    assert first.headers["preference-applied"] == "wait"
    again = await client.post("/api/webhook/bank", content=SEED, headers=JSON)
    assert (again.status_code, again.text) == (200, '{"status":"duplicate"}')
    for path in ("/api/organizations/1234567890/balance/", "/api/organizations/1234567890/balance"):
        assert (await client.get(path)).text == '{"inn":"1234567890","balance":145000}'
    kopecks = SEED.replace("145000", "0.50").replace("4a", "4b", 1).replace("cf0a", "cf0b")
    assert (await client.post(WEBHOOK, content=kopecks, headers=WAIT)).status_code == 200
    balance = await client.get("/api/organizations/1234567890/balance/")
    assert balance.text == '{"inn":"1234567890","balance":145000.50}'


async def test_the_same_content_in_other_words_is_a_duplicate(client: httpx.AsyncClient) -> None:
    await client.post(WEBHOOK, content=SEED, headers=WAIT)
    for old, new in (
        ("145000", "145000.00"),
        ("145000", '"145000"'),
        ("ccf0a86d", "CCF0A86D"),
        ("2024-04-27T21:00:00Z", "2024-04-28T00:00:00+03:00"),
        ('"PAY-328"', '"PAY-328", "later_field": {"x": [1]}'),
    ):
        answer = await client.post(WEBHOOK, content=SEED.replace(old, new), headers=JSON)
        assert (answer.status_code, answer.text) == (200, '{"status":"duplicate"}'), new


BAD = [
    ("145000", "0", 422, "invalid_amount"),
    ("145000", "-1", 422, "invalid_amount"),
    ("145000", "0.001", 422, "invalid_amount"),
    ("145000", "1e5", 422, "invalid_amount"),
    ("145000", "null", 422, "invalid_amount"),
    ("145000", "true", 422, "invalid_amount"),
    ("145000", "NaN", 400, "invalid_json"),
    ('"1234567890"', "1234567890", 422, "invalid_body"),
    ("1234567890", "12345678901", 422, "invalid_body"),
    ("1234567890", "123456789a", 422, "invalid_body"),
    ("1234567890", "1234567890\\n", 422, "invalid_body"),
    ("ccf0a86d-", "", 422, "invalid_body"),
    ("2024-04-27T21:00:00Z", "2024-04-27", 422, "invalid_body"),
    ("2024-04-27T21:00:00Z", "2024-04-27T21:00:00", 422, "invalid_body"),
    ("2024-04-27T21:00:00Z", "2024-02-30T21:00:00Z", 422, "invalid_body"),
    ("2024-04-27T21:00:00Z", "0001-01-01T00:00:00+14:00", 422, "invalid_body"),
    ('"2024-04-27T21:00:00Z"', "1714251600", 422, "invalid_body"),
    ("PAY-328", "", 422, "invalid_body"),
    ("PAY-328", "\\u0000", 422, "invalid_body"),
    ('"document_number"', '"number"', 422, "invalid_body"),
    (SEED, "[]", 422, "invalid_body"),
    (SEED, "", 400, "invalid_json"),
    (SEED, "{" * 5000, 400, "invalid_json"),
    (SEED, "x" * 70_000, 413, "body_too_large"),
]


async def test_bad_input_changes_nothing(client: httpx.AsyncClient, platform: Platform) -> None:
    for old, new, status, code in BAD:
        answer = await client.post(WEBHOOK, content=SEED.replace(old, new), headers=WAIT)
        assert (answer.status_code, answer.json()["code"]) == (status, code), new[:60]
    plain = await client.post(WEBHOOK, content=SEED, headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    assert await platform.value("SELECT count(*) FROM operations") == 0
    for inn in ("1234567891", "x", "12345678901", "%00"):
        answer = await client.get(f"/api/organizations/{inn}/balance/")
        assert answer.status_code == 404, inn


class TestProduction:
    """Signed or turned away."""

    SECRET = "7c1e5d3b9f0a2846c8e0b1d2f3a4958677c1e5d3"

    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        """As compose runs it."""
        return {
            "env": Profile.PRODUCTION,
            "bank_webhook_secret": Secret(self.SECRET),
            "code_pepper": Secret("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"),
            "jwt_secret": Secret("9a8b7c6d5e4f30211203f4e5d6c7b8a99a8b7c6d"),
            "shop_webhook_key": Secret("5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"),
        }

    async def test_only_a_signed_body_counts(
        self, client: httpx.AsyncClient, platform: Platform
    ) -> None:
        """Whatever is wrong with the signature, the answer is the same."""
        right = v2_header(self.SECRET, SEED.encode())
        for wrong in (
            "",
            "v2=",
            right.removeprefix("v2="),
            right.replace("v2=", "v1="),
            right[:-1] + ("0" if right[-1] != "0" else "1"),
            v2_header("other", SEED.encode()),
            v2_header(self.SECRET, SEED.encode() + b" "),
        ):
            headers = {**WAIT, "X-Signature": wrong}
            answer = await client.post(WEBHOOK, content=SEED, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature"), wrong
        strange = {b"Content-Type": b"application/json", b"X-Signature": "v2=ё".encode()}
        assert (await client.post(WEBHOOK, content=SEED, headers=strange)).status_code == 403
        assert (await client.post(WEBHOOK, content=SEED, headers=WAIT)).status_code == 403
        assert await platform.value("SELECT count(*) FROM operations") == 0
        signed = await client.post(WEBHOOK, content=SEED, headers={**WAIT, "X-Signature": right})
        assert (signed.status_code, signed.text) == (200, '{"status":"accepted"}')
        balance = "/api/organizations/1234567890/balance/"
        assert (await client.get(balance)).status_code == 401
        key = await api_key(platform, "wallets:read")
        assert (await client.get(balance, headers=key)).json()["balance"] == 145000


@pytest.mark.parametrize("inn", ["123", "12345678901", "12345abcde", "1234567890\n", "1" * 13])
async def test_a_wrong_inn_is_told_what_one_is(client: httpx.AsyncClient, inn: str) -> None:
    body = {**httpx.Response(200, text=SEED).json(), "payer_inn": inn}
    answer = await client.post(WEBHOOK, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
    (error,) = answer.json()["errors"]
    assert error["field"] == "payer_inn"
    assert error["message"].startswith("an INN is a text of 10 or 12 digits; ")
