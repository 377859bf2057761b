"""Events in the console: newest first, by type and by thing, in pages, as CSV."""

import httpx
import pytest

from tests.fixtures.console import Console
from tests.flows.native import funded, opened

PATH = "/console/events"


async def test_events_are_found_by_type_and_by_thing(
    console: Console, native: httpx.AsyncClient
) -> None:
    owner = "<script>alert(1)</script>\"'"
    wallet = await opened(native, owner=owner)
    other = await funded(native, "5.00")
    vera = await console.desk("vera", "viewer")
    page = await vera.get(PATH)
    assert page.html.index("wallet.adjusted") < page.html.rindex("wallet.opened")
    assert "<script>alert" not in page.html
    adjusted = await vera.get(f"{PATH}?type=wallet.adjusted&thing=")
    assert ("wallet.adjusted" in adjusted.text, "wallet.opened" in adjusted.text) == (True, False)
    about = await vera.get(f"{PATH}?thing={wallet}&type=wallet.*")
    assert f'"wallet_id":{wallet}' in about.text
    assert f'"wallet_id":{other}' not in about.text
    assert "Nothing matches" in (await vera.get(f"{PATH}?thing=none")).text
    exported = await vera.get(f"{PATH}?type=wallet.opened&format=csv")
    assert exported.html.count("wallet.opened") == 2


async def test_events_come_in_pages_without_gap(
    console: Console, native: httpx.AsyncClient
) -> None:
    for _ in range(3):
        await opened(native)
    vera = await console.desk("vera", "viewer")
    where, seen = f"{PATH}?type=wallet.opened&limit=1", 0
    for _ in range(3):
        page = await vera.get(where)
        seen += page.html.count("<td>wallet.opened</td>")
        where = page.html.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        where = where.replace("&amp;", "&") + "&limit=1"
    assert seen == 3


@pytest.mark.parametrize("query", ["type=no%20type", "cursor=x", "odd=1", "thing=%00"])
async def test_a_filter_that_cannot_be_read_is_refused(console: Console, query: str) -> None:
    vera = await console.desk("vera", "viewer")
    assert (await vera.get(f"{PATH}?{query}")).status == 422
