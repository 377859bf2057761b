"""No input gives a 500: what fuzzers and strangers send to the native API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.flows.native import WAIT, opened

ODD_PATHS = (
    "/v1/wallets?owner=%ff",
    "/v1/wallets?owner=%ed%a0%80",
    "/v1/wallets?owner=%00",
    "/v1/wallets?limit=1e3",
    "/v1/wallets?limit=" + "9" * 5000,
    "/v1/wallets?cursor=" + "A" * 500,
    "/v1/wallets?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk",
    "/v1/wallets?owner=a&owner=b",
    "/v1/wallets?=",
    "/v1/wallets/1?at=0001-01-01T00:00:00%2B14:00",
    "/v1/wallets/1?at=9999-12-31T23:59:59-14:00",
    "/v1/wallets/1?at=2026-11-20T00:00:00",
    "/v1/wallets/1?at=-infinity",
    "/v1/wallets/٣",
    "/v1/wallets/1_0",
    "/v1/wallets/%00",
    "/v1/wallets/" + "9" * 5000,
    "/v1/transfers/%00",
    "/v1/holds/%ff",
    "/v1/operations/%ed%a0%80",
    "/v1/operations/urn:uuid:00000000-0000-0000-0000-000000000000",
    "/v1/../../etc/passwd",
    "//v1//wallets",
)


@pytest.mark.parametrize("path", ODD_PATHS)
async def test_odd_paths_and_queries(native: httpx.AsyncClient, path: str) -> None:
    await opened(native)
    answer = await native.get(path)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "metadata",
    [
        '{"n":' + "9" * 400 + "}",
        '{"n":1e308,"m":-0.0,"z":1E-400}',
        '{"' + "k" * 5000 + '":{"":[null,true,{"a":[]}]}}',
        '{"a":"\\ud83d\\ude00 \\\\u0000 \\u2028"}',
        "{" + ",".join(f'"{n}":0' for n in range(51)) + "}",
        "null",
        "[]",
    ],
)
async def test_odd_metadata(native: httpx.AsyncClient, metadata: str) -> None:
    body = f'{{"currency":"RUB","owner":"o","metadata":{metadata}}}'
    headers = {"Content-Type": "application/json", **WAIT}
    answer = await native.post("/v1/wallets", content=body, headers=headers)
    assert answer.status_code in {201, 400, 422}, answer.text
    if answer.status_code == 201:
        wallet = await native.get(f"/v1/wallets/{answer.json()['wallet_id']}")
        assert wallet.json()["metadata"] == answer.json()["metadata"]


async def test_a_body_in_pieces_is_one_body(native: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for byte in b'{"currency":"RUB","owner":"o"}':
            yield bytes((byte,))

    headers = {"Content-Type": "application/json", **WAIT}
    answer = await native.post("/v1/wallets", content=pieces(), headers=headers)
    assert answer.status_code == 201


async def test_a_body_in_pieces_has_its_limit_too(native: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    headers = {"Content-Type": "application/json"}
    answer = await native.post("/v1/wallets", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
