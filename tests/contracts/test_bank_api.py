"""The bank API for marketplaces, byte by byte: contracts §4 and the seed's own examples."""

import itertools
import re
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from payments.surfaces.marketplace import answers
from payments_tools.demo import bank as demo
from tests.fixtures.banks import OTHER_KEY, Marketplace, bank_settings

METHODS: dict[str, dict[str, Any]] = {
    "auth": {"number_invoice_customer": "1xf3g"},
    "balance": {"number_invoice_seller": "1xf3g"},
    "pay": {
        "number_invoice_seller": "2mzp5",
        "number_invoice_customer": "1xf3g",
        "price": "2000",
    },
    "confirm": {"operation_key": "3d!", "code": "123456"},
    "operation": {"operation_key": "3d!"},
    "refund": {"operation_keys": ["1fxf2d#3", "5fxf2d@3", "4fxf2d*3"]},
}


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


async def test_auth(marketplace: Marketplace) -> None:
    answer = await marketplace.call("auth", number_invoice_customer="1xf3g")
    assert (answer.status_code, answer.content) == (200, b'{"customer":"m***@example.com"}')
    unknown = await marketplace.call("auth", number_invoice_customer="1zzzz")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "account_not_found")


async def test_balance(marketplace: Marketplace) -> None:
    answer = await marketplace.call("balance", number_invoice_seller="1ck3l")
    assert (answer.status_code, answer.content) == (200, b'{"balance":"300000"}')
    assert answer.headers["content-type"] == "application/json"
    unknown = await marketplace.call("balance", number_invoice_seller="3fj5#")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "account_not_found")


async def test_a_balance_that_is_not_whole_has_its_decimals(marketplace: Marketplace) -> None:
    await marketplace.paid("1xf3g", "1ck3l", "0.50")
    assert await marketplace.balance("1xf3g") == "9999.50"
    assert await marketplace.balance("1ck3l") == "300000.50"


async def test_pay_confirm_operation_refund(marketplace: Marketplace) -> None:
    answer = await marketplace.call("pay", **METHODS["pay"])
    key = answer.json()["operation_key"]
    assert answer.status_code == 200
    told = '"amount":"2000","fee":"100","received":"1900","currency":"RUB"'
    assert answer.content == f'{{"operation_key":"{key}","status":"pause",{told}}}'.encode()

    code = await marketplace.code(key)
    confirmed = await marketplace.confirm(key, code)
    assert confirmed.status_code == 200
    assert confirmed.content == f'{{"operation_key":"{key}","status":"success"}}'.encode()

    shown = (await marketplace.call("operation", operation_key=key)).json()
    moments = {n: shown.pop(n) for n in ("created_at", "expires_at", "paid_at", "refunded_at")}
    assert shown == {
        "operation_key": key,
        "status": "success",
        "amount": "2000",
        "fee": "100",
        "received": "1900",
        "currency": "RUB",
        "refund_fee": "return",
        "number_invoice_customer": "1xf3g",
        "bank_customer": "sber",
        "number_invoice_seller": "2mzp5",
        "bank_seller": "alfa",
    }
    assert moments["refunded_at"] is None

    refunded = await marketplace.refund(key)
    assert refunded.status_code == 200
    assert refunded.content == f'{{"refunded":["{key}"]}}'.encode()
    shown = (await marketplace.call("operation", operation_key=key)).json()
    assert shown["status"] == "refunded"


async def test_the_mail_names_amount_and_seller(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000.50")
    mail = message_from_string(await marketplace.mail(key), policy=default)
    assert mail["To"] == "mike@example.com"
    text = mail.get_content()
    assert "2000.50 RUB" in text
    assert "account 2mzp5 (alfa)" in text
    assert len(re.findall(r"\b[0-9]{6}\b", text)) == 1


NO_KEYS = ("nobody", "", " ", "sfxf2d@3 ", "SFXF2D@3", "é", "x" * 5000)


async def test_an_unknown_key_or_none_is_401(marketplace: Marketplace) -> None:
    bodies = [{}, *({"api_key": key} for key in NO_KEYS)]
    for method, body in itertools.product(METHODS, bodies):
        answer = await marketplace.client.post(f"/bank/{method}", json=body | METHODS[method])
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_api_key"), (method, body)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert "x" * 100 not in answer.text


async def test_the_key_may_be_a_bearer_token(marketplace: Marketplace, other: Marketplace) -> None:
    async def balance(header: str, **body: str) -> int:
        answer = await marketplace.client.post(
            "/bank/balance",
            json={"number_invoice_seller": "1xf3g", **body},
            headers={"Authorization": header},
        )
        return answer.status_code

    assert await balance(f"Bearer {demo.API_KEY}") == 200
    assert await balance(f"bearer {demo.API_KEY}", api_key=demo.API_KEY) == 200
    assert await balance("Bearer nobody") == 401
    assert await balance("Basic abc") == 401
    # Two keys that differ: nobody can say who is calling.
    assert await balance(f"Bearer {demo.API_KEY}", api_key=OTHER_KEY) == 401
    assert other.api_key == OTHER_KEY


REFUSALS: tuple[tuple[str, dict[str, Any], int, str], ...] = (
    ("pay", {"price": "0"}, 422, "invalid_amount"),
    ("pay", {"price": "-1"}, 422, "invalid_amount"),
    ("pay", {"price": "1e3"}, 422, "invalid_amount"),
    ("pay", {"price": "NaN"}, 422, "invalid_amount"),
    ("pay", {"price": "1.001"}, 422, "invalid_amount"),
    ("pay", {"price": "10000000000000.01"}, 422, "invalid_amount"),
    ("pay", {"price": ""}, 422, "invalid_amount"),
    ("pay", {"price": None}, 422, "invalid_amount"),
    ("pay", {"price": ["1"]}, 422, "invalid_amount"),
    ("pay", {"number_invoice_seller": 5}, 422, "invalid_body"),
    ("pay", {"number_invoice_seller": "1xf3g\u0000"}, 422, "invalid_body"),
    ("pay", {"number_invoice_seller": "nobody"}, 404, "account_not_found"),
    ("pay", {"number_invoice_customer": "nobody"}, 404, "account_not_found"),
    ("pay", {"number_invoice_seller": "1xf3g"}, 409, "same_account"),
    ("pay", {"price": "10000.01"}, 402, "insufficient_funds"),
    ("pay", {"colour": "red"}, 422, "invalid_body"),
    ("confirm", {}, 404, "operation_not_found"),
    ("confirm", {"code": 123456}, 422, "invalid_body"),
    ("confirm", {"code": "1" * 17}, 422, "invalid_body"),
    ("operation", {}, 404, "operation_not_found"),
    ("refund", {}, 404, "operation_not_found"),
    ("refund", {"operation_keys": []}, 422, "invalid_body"),
    ("refund", {"operation_keys": "3d!"}, 422, "invalid_body"),
    ("refund", {"operation_keys": ["3d!", "3d!"]}, 422, "invalid_body"),
    ("refund", {"operation_keys": [str(n) for n in range(101)]}, 422, "invalid_body"),
    ("balance", {"api_key": 5}, 422, "invalid_body"),
)


async def test_refusals_change_nothing(marketplace: Marketplace) -> None:
    for method, fields, status, code in REFUSALS:
        answer = await marketplace.call(method, **(METHODS[method] | fields))
        assert (answer.status_code, answer.json()["code"]) == (status, code), (method, fields)
        assert answer.headers["content-type"] == "application/problem+json"
    assert await marketplace.balances() == ("10000", "300000", "25000")
    assert await marketplace.platform.value("SELECT count(*) FROM bank_payments") == 0


async def test_an_amount_may_be_a_json_number(marketplace: Marketplace) -> None:
    answer = await marketplace.call("pay", **(METHODS["pay"] | {"price": 112.5}))
    assert answer.status_code == 200
    shown = await marketplace.call("operation", operation_key=answer.json()["operation_key"])
    assert shown.json()["amount"] == "112.50"


NO_BODIES = (
    (b"{", "application/json", 400),
    (b"[]", "application/json", 422),
    (b'{"api_key":"sfxf2d@3","api_key":"sfxf2d@3"}', "application/json", 422),
    (b"[" * 10_000, "application/json", 400),
    (b'{"api_key":"\xff"}', "application/json", 400),
    (b'{"api_key":"\\ud800"}', "application/json", 400),
    (b"api_key=sfxf2d%403", "application/x-www-form-urlencoded", 415),
    (b'{"api_key":"' + b"x" * 100_000 + b'"}', "application/json", 413),
    (b"", "application/json", 400),
)


async def test_bodies_that_are_none(marketplace: Marketplace) -> None:
    for method, (content, content_type, status) in itertools.product(METHODS, NO_BODIES):
        answer = await marketplace.client.post(
            f"/bank/{method}", content=content, headers={"Content-Type": content_type}
        )
        assert answer.status_code == status, (method, content[:50], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_no_tariff_is_409_and_the_seed_looks_at_the_money_first(
    marketplace: Marketplace,
) -> None:
    async with marketplace.platform.connection() as connection:
        await connection.execute("DELETE FROM banks_percents WHERE bank_provider = 1")
    answer = await marketplace.call("pay", **METHODS["pay"])
    assert (answer.status_code, answer.json()["code"]) == (409, "no_tariff")
    poor = await marketplace.call("pay", **(METHODS["pay"] | {"price": "10001"}))
    assert poor.status_code == 402


async def test_the_same_idempotency_key_is_the_same_payment(marketplace: Marketplace) -> None:
    async def pay(price: str) -> Any:
        return await marketplace.client.post(
            "/bank/pay",
            json={"api_key": marketplace.api_key, **METHODS["pay"], "price": price},
            headers={"Idempotency-Key": "offer-1"},
        )

    first, again, other = await pay("2000"), await pay("2000.00"), await pay("2001")
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_other_methods_are_closed(marketplace: Marketplace) -> None:
    answer = await marketplace.client.get("/bank/balance")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_the_paths_are_in_the_openapi_document(marketplace: Marketplace) -> None:
    document = (await marketplace.client.get("/schema/openapi.json")).json()
    assert {f"/bank/{m}" for m in METHODS} <= set(document["paths"])
    assert "marketplace" in document["components"]["securitySchemes"]


async def test_what_is_not_decided_in_time_says_what_to_ask_for(
    marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "WAIT_S", 0.1)
    await marketplace.platform.stop_consumer()
    answer = await marketplace.call("pay", **METHODS["pay"])
    assert answer.status_code == 202
    assert answer.json()["status"] == "accepted"
    await marketplace.platform.start_consumer()
    await marketplace.platform.settled()
    key = answer.json()["operation_key"]
    shown = await marketplace.call("operation", operation_key=key)
    assert shown.json()["status"] == "pause"


async def test_without_a_key_it_says_where_to_put_it(marketplace: Marketplace) -> None:
    answer = await marketplace.client.post("/bank/refund", json=METHODS["refund"])
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_api_key")
    assert "`api_key` in the body" in answer.json()["detail"]


async def test_a_refusal_points_nowhere_a_marketplace_may_not_look(
    marketplace: Marketplace,
) -> None:
    answer = await marketplace.call("pay", **(METHODS["pay"] | {"price": "99999999"}))
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    assert "location" not in answer.headers
