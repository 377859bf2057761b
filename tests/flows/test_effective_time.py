"""Balances of a past day by the time from which transactions count: an answer stays for ever."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from payments.kernel.clock import rfc3339, utc_now
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import funded, opened, waited

_NOW = utc_now()
YESTERDAY, DAY_BEFORE, LAST_WEEK = (rfc3339(_NOW - timedelta(days=n)) for n in (1, 2, 7))


def _moved(source: int | str, destination: int, amount: str, at: str | None) -> dict[str, Any]:
    ends = {"source": source, "destination": destination}
    addresses = {k: f"wallet:{v}" if isinstance(v, int) else v for k, v in ends.items()}
    posting = {**addresses, "amount": amount, "currency": "RUB"}
    return {"postings": [posting], "effective_at": at}


async def _balance(http: httpx.AsyncClient, path: str, at: str, time: str = "effective") -> str:
    answer = await http.get(path, params={"at": at, "time": time})
    assert answer.status_code == 200, answer.text
    assert answer.json()["time"] == time
    balance: str = answer.json()["balance"]
    return balance


async def test_what_is_dated_back_counts_from_then(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    await waited(native, "/v1/accounts", {"name": "fees", "currency": "RUB"})
    await waited(native, "/v1/transactions", _moved(a, b, "4", DAY_BEFORE))
    postings = _moved(a, b, "1", YESTERDAY)["postings"]
    postings.append(postings[0] | {"destination": "account:fees", "amount": "2"})
    body = {"postings": postings, "effective_at": YESTERDAY}
    status, made = await waited(native, "/v1/transactions", body)
    assert (status, made["effective_at"]) == (201, YESTERDAY)
    wallet = f"/v1/wallets/{b}"
    assert await _balance(native, wallet, LAST_WEEK) == "0.00"
    assert await _balance(native, wallet, DAY_BEFORE) == "4.00"
    assert await _balance(native, wallet, YESTERDAY) == "5.00"
    assert await _balance(native, wallet, YESTERDAY, "recorded") == "0.00"
    assert await _balance(native, "/v1/accounts/fees", YESTERDAY) == "2.00"
    assert await _balance(native, "/v1/accounts/fees", DAY_BEFORE) == "0.00"
    now = rfc3339(utc_now())
    assert await _balance(native, wallet, now) == "5.00"
    assert await _balance(native, wallet, now, "recorded") == "5.00"
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_an_answer_closes_the_time_before_it(native: httpx.AsyncClient) -> None:
    a, b, c = await funded(native, "10.00"), await opened(native), await opened(native)
    assert await _balance(native, f"/v1/wallets/{b}", YESTERDAY) == "0.00"
    status, refused = await waited(native, "/v1/transactions", _moved(a, b, "4", YESTERDAY))
    assert (status, refused["code"]) == (409, "period_closed")
    [error] = refused["errors"]
    assert (error["index"], error["field"]) == (0, "postings[0].destination")
    assert YESTERDAY[:19] in error["message"]
    assert await _balance(native, f"/v1/wallets/{b}", YESTERDAY) == "0.00"
    for source, destination, at in (
        (a, c, YESTERDAY),  # nobody asked about these
        (a, b, None),
        (a, b, rfc3339(utc_now() - timedelta(hours=1))),
    ):
        status, made = await waited(
            native, "/v1/transactions", _moved(source, destination, "1", at)
        )
        assert status == 201, made
    # An earlier question than one before opens nothing again; recorded time closes nothing.
    assert await _balance(native, f"/v1/wallets/{b}", LAST_WEEK) == "0.00"
    assert await _balance(native, f"/v1/wallets/{c}", YESTERDAY, "recorded") == "0.00"
    status, _ = await waited(native, "/v1/transactions", _moved(a, b, "1", DAY_BEFORE))
    assert status == 409
    status, _ = await waited(native, "/v1/transactions", _moved(a, c, "1", DAY_BEFORE))
    assert status == 201


async def test_answers_stay_while_transactions_are_dated_back(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "1000.00"), await opened(native)
    answered: dict[str, str] = {}

    async def ask() -> None:
        for n in range(40):
            at = rfc3339(_NOW - timedelta(days=40 - n))
            answered[at] = await _balance(native, f"/v1/wallets/{b}", at)

    async def move() -> list[int]:
        statuses = []
        for n in range(40):
            body = _moved(a, b, "1", rfc3339(_NOW - timedelta(days=n, hours=1)))
            statuses.append((await waited(native, "/v1/transactions", body))[0])
        return statuses

    *moved, _ = await asyncio.gather(move(), move(), ask())
    statuses = [status for chain in moved if chain for status in chain]
    assert set(statuses) <= {201, 409}
    assert {at: await _balance(native, f"/v1/wallets/{b}", at) for at in answered} == answered
    total = (await native.get(f"/v1/wallets/{b}")).json()["balance"]
    assert total == f"{statuses.count(201)}.00"


async def test_time_needs_a_moment_that_has_been(native: httpx.AsyncClient) -> None:
    wallet = await opened(native)
    tomorrow = rfc3339(utc_now() + timedelta(days=1))
    for parameters, field in (
        ({"time": "effective"}, "time"),
        ({"time": "x", "at": YESTERDAY}, "time"),
        ({"time": "effective", "at": tomorrow}, "at"),
        ({"time": "effective", "at": "0001-01-01T00:00:00Z"}, "at"),
    ):
        answer = await native.get(f"/v1/wallets/{wallet}", params=parameters)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
        assert answer.json()["errors"][0]["field"] == field
