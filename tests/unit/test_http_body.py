"""Bodies: refused with a document that says where, never with a 500."""

from typing import Any

import pytest

from tests.unit.http_app import Api

TRANSFER = {
    "source_wallet_id": 1,
    "destination_wallet_id": 2,
    "amount": "12.30",
    "currency": "RUB",
}
JSON = {"Content-Type": "application/json"}


async def post(body: bytes | str, **headers: str) -> Any:
    return await Api().http.post("/v1/transfers", content=body, headers={**JSON, **headers})


def transfer(amount: str) -> str:
    return (
        '{"source_wallet_id":1,"destination_wallet_id":2,"currency":"rub","amount":' + amount + "}"
    )


def source_is(token: str) -> str:
    return transfer("1").replace('"source_wallet_id":1', f'"source_wallet_id":{token}')


@pytest.mark.parametrize("amount", ["12.3", '"12.30"', "12.30"])
async def test_an_amount_is_taken_from_its_digits(amount: str) -> None:
    api = Api()
    answer = await api.http.post("/v1/transfers", content=transfer(amount), headers=JSON)
    assert answer.status_code == 202
    assert bytes(api.door.envelopes[0].body) == (
        b'{"source_wallet_id":1,"destination_wallet_id":2,"minor":1230,"currency":"RUB"}'
    )


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-1", "1e3", "1.005", "true", "null", "{}", "[]", '{"a":1}', '""', '"NaN"'),
        *('"1e5"', '"1_0"', '"٣"', "10000000000001", '" 1"', '"1\\n"', "1E400", "9" * 5000),
    ],
)
async def test_a_bad_amount_is_422_and_named(amount: str) -> None:
    answer = await post(transfer(amount))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_amount")
    assert answer.json()["errors"][0]["field"] == "amount"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", ""),
        ("{}", "source_wallet_id"),
        (transfer("1").replace('"amount":1', '"amoumt":1'), "amoumt"),
        (source_is('"1"'), "source_wallet_id"),
        (source_is("0"), "source_wallet_id"),
        (source_is(str(2**53)), "source_wallet_id"),
        (source_is("true"), "source_wallet_id"),
        (transfer("1").replace('"rub"', '"r"'), "currency"),
        (transfer('1,"amount":2'), "amount"),
        (transfer('1,"\\u0061mount":2'), "amount"),
        (transfer('1,"description":"\\u0000"'), "description"),
        (transfer('1,"description":"' + "x" * 1001 + '"'), "description"),
    ],
)  # fmt: skip
async def test_a_wrong_shape_is_422_and_named(body: str, field: str) -> None:
    answer = await post(body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"nope", b"\xef\xbb\xbf{}", b'{"currency":"\xff"}'),
        transfer('1,"description":"\\ud800"').encode(),
        transfer("NaN").encode(),
        transfer("01").encode(),
        transfer("1").encode() * 2,
        b'{"metadata":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b"[" * 60_000,
    ],
)
async def test_broken_json_is_400(body: bytes) -> None:
    answer = await post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


async def test_brackets_inside_text_are_not_depth() -> None:
    answer = await post(transfer('1,"description":"' + "[{" * 100 + '\\"[["'))
    assert answer.status_code == 202


async def test_an_escaped_backslash_is_not_a_nul() -> None:
    answer = await post(transfer('1,"description":"\\\\u0000"'))
    assert answer.status_code == 202


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_json_is_read(content_type: str) -> None:
    answer = await post(transfer("1"), **{"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_charset_is_allowed() -> None:
    answer = await post(transfer("1"), **{"Content-Type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 202


async def test_a_large_body_is_413() -> None:
    answer = await post(b" " * (64 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_bulk_takes_a_larger_body_in_which_each_item_stands_alone() -> None:
    good = {"kind": "transfer", **TRANSFER, "description": "x" * 900}
    bad = {**good, "amount": "0"}
    answer = await Api().http.post("/v1/operations/bulk", json={"operations": [good, bad] * 100})
    assert answer.status_code == 202
    statuses = [(i["status"], i.get("reason")) for i in answer.json()["items"][:2]]
    assert statuses == [("accepted", None), ("rejected", "invalid_amount")]


@pytest.mark.parametrize("count", [0, 1001])
async def test_bulk_has_1_to_1000_items(count: int) -> None:
    answer = await Api().http.post("/v1/operations/bulk", json={"operations": [{}] * count})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
