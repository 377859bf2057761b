"""The search box: anything by any of its names, whole ids and words only."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from payments.search.queries import EACH_MAX, _all, _looks
from tests.fixtures.console import Console
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, opened, transfer

ANYTHING = (
    "00000000-0000-7000-8000-000000000000",
    "17",
    "7707083893",
    "order-17",
    "<script>alert(1)</script>",
    "x" * 200,
    "%",
    "' OR 1=1 --",
    "１７",
)


async def test_a_payment_is_found_by_the_customers_reference(
    console: Console, native: httpx.AsyncClient
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native, owner="shop-9")
    body = {
        "postings": [
            {
                "source": f"wallet:{source}",
                "destination": f"wallet:{destination}",
                "amount": "30.00",
                "currency": "RUB",
            }
        ],
        "reference": "order 17/2",
        "metadata": {"note": "<img src=x onerror=alert(1)>"},
    }
    made = await native.post("/v1/transactions", json=body, headers=WAIT)
    assert made.status_code == 201, made.text
    desk = await console.desk("anna", "viewer")
    answer = await desk.get("/console/search", params={"q": " order 17/2 "})
    where = answer.answer.headers["location"]
    assert where == f"/console/transactions/{made.json()['transaction_id']}"
    page = await desk.get(where)
    assert ("order 17/2" in page.text, "30.00 RUB" in page.text) == (True, True)
    assert "<img" not in page.html
    assert f"/console/wallets/{destination}" in page.html
    for q, path in ((str(destination), "wallets"), ("shop-9", "wallets"), ("anna", "operators")):
        found = await desk.get("/console/search", params={"q": q})
        assert found.answer.headers["location"].startswith(f"/console/{path}/"), q


async def test_an_operation_is_found_by_its_key(
    console: Console, native: httpx.AsyncClient
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    headers = {**WAIT, "Idempotency-Key": "shop-key-1"}
    body = transfer(source, destination, "1.00")
    made = await native.post("/v1/transfers", json=body, headers=headers)
    desk = await console.desk("anna", "viewer")
    found = await desk.get("/console/search?q=shop-key-1")
    where = found.answer.headers["location"]
    assert where == f"/console/operations/{made.json()['operation_id']}"
    page = await desk.get(where)
    assert ("transfer.create" in page.text, "client:test" in page.text) == (True, True)
    assert f"/console/transactions/{made.json()['transfer_id']}" in page.html


@pytest.mark.parametrize("q", ANYTHING)
async def test_what_nobody_has_is_not_found(console: Console, q: str) -> None:
    desk = await console.desk("anna", "viewer")
    page = await desk.get("/console/search", params={"q": q})
    assert (page.status, "Nothing is called" in page.text) == (200, True)
    assert "<script>alert" not in page.html


async def test_no_look_up_reads_a_table(platform: Platform) -> None:
    """Every part of the search is answered by an index, whatever is searched for."""
    texts = ("00000000-0000-7000-8000-000000000000", "7707083893", "order-17")
    async with platform.engine.connect() as connection:
        await connection.execute(sa.text("SET enable_seqscan = off"))
        for text in texts:
            for look in _looks(text):
                query = sa.select(look.id).where(look.where).limit(EACH_MAX)
                compiled: Any = query.compile(
                    dialect=connection.dialect, compile_kwargs={"literal_binds": True}
                )
                plan = await connection.exec_driver_sql(f"EXPLAIN {compiled}")
                steps = "\n".join(row[0] for row in plan)
                assert "Seq Scan" not in steps, (look.kind, look.by, steps)
                assert "Index" in steps, (look.kind, look.by, steps)
        assert await _all(connection, list(_looks(texts[1]))) == []
