"""Wallets in the console: the list, its filters, pages and CSV, freezing with a reason."""

import csv
import io

import asyncpg
import httpx
import pytest

from tests.fixtures.console import Console
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import funded, opened, transfer


async def test_a_list_is_filtered_paged_and_exported(
    console: Console, native: httpx.AsyncClient
) -> None:
    for number in range(3):
        await opened(native, owner=f"user-{number}")
    desk = await console.desk("anna", "viewer")
    page = await desk.get("/console/wallets?owner=user-1")
    assert "user-1" in page.text
    assert "user-2" not in page.text
    first = await desk.get("/console/wallets?limit=2&currency=&owner=")
    following = first.html.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = await desk.get(following.replace("&amp;", "&"))
    assert ("user-0" in first.text, "user-0" in second.text) == (False, True)
    link_checked = await desk.head("/console/wallets?format=csv&owner=user-9")
    assert (link_checked.status, link_checked.answer.content) == (200, b"")
    exported = await desk.get("/console/wallets?format=csv&owner=user-1")
    assert exported.answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(exported.html.removeprefix("\ufeff"))))
    assert [row["Owner"] for row in rows] == ["user-1"]
    actions = await desk.get("/console/actions?action=list.export")
    assert "user-9" not in actions.text
    assert "list wallets" in actions.text


async def test_what_looks_like_a_formula_is_text_in_the_csv(
    console: Console, native: httpx.AsyncClient
) -> None:
    await opened(native, owner='=HYPERLINK("http://evil")')
    desk = await console.desk("anna", "viewer")
    exported = await desk.get("/console/wallets?format=csv")
    row = next(csv.DictReader(io.StringIO(exported.html.removeprefix("\ufeff"))))
    assert row["Owner"].startswith("'=")


async def test_a_hostile_owner_is_only_text(console: Console, native: httpx.AsyncClient) -> None:
    owner = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    wallet_id = await opened(native, owner=owner)
    desk = await console.desk("anna", "viewer")
    for path in (f"/console/wallets/{wallet_id}", "/console/wallets"):
        page = await desk.get(path)
        assert "<script>alert" not in page.html
        assert "<img" not in page.html
        assert "alert(1)" in page.text


async def test_a_wallet_is_frozen_with_a_reason_and_opened_again(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    wallet_id, other = await funded(native, "100.00"), await opened(native)
    desk = await console.desk("anna")
    where = f"/console/wallets/{wallet_id}"
    page = await desk.act(f"{where}/freeze", reason="fraud reported by phone", direction="debits")
    assert "applied wallet.freeze: Done." in page.text
    assert "fraud reported by phone" in page.text
    answer = await native.post("/v1/transfers", json=transfer(wallet_id, other, "1.00"))
    assert answer.status_code == 202
    assert (await native.get(f"/v1/wallets/{wallet_id}")).json()["status"] == "frozen"
    actor = await platform.value("SELECT actor FROM operations WHERE kind = 'wallet.freeze'")
    assert actor == "operator:anna"
    row = await platform.value(
        "SELECT row_to_json(a) FROM operator_actions a WHERE action = 'wallet.freeze'"
    )
    assert '"status": "active"' in row
    assert "fraud reported by phone" in row
    opened_again = await desk.act(f"{where}/unfreeze", reason="it was a mistake")
    assert "active" in opened_again.text
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_form_posted_twice_acts_once(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    wallet_id = await opened(native)
    desk = await console.desk("anna")
    key = "00000000-0000-4000-8000-000000000001"
    for _ in range(2):
        await desk.act(f"/console/wallets/{wallet_id}/freeze", key=key)
    count = "SELECT count(*) FROM operations WHERE kind = 'wallet.freeze'"
    assert await platform.value(count) == 1


async def test_an_action_needs_a_reason(console: Console, native: httpx.AsyncClient) -> None:
    wallet_id = await opened(native)
    desk = await console.desk("anna")
    page = await desk.act(f"/console/wallets/{wallet_id}/freeze", reason=" ")
    assert page.status == 422
    assert (await native.get(f"/v1/wallets/{wallet_id}")).json()["status"] == "active"


@pytest.mark.parametrize(
    "statement", ["UPDATE operator_actions SET login = 'x'", "DELETE FROM operator_actions"]
)
async def test_what_operators_did_is_never_rewritten(
    console: Console, platform: Platform, statement: str
) -> None:
    await console.desk("anna")
    async with platform.connection() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
