"""docs/event-examples.md holds an event of each type that the product itself can make alone.

The events are real; ids and times are replaced, so that the page is the same at every run. When it
differs, the test says where the new page is: look at the difference and copy it.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.architecture.sources import ROOT
from tests.fixtures.platform import api_key
from tests.fixtures.shop import SETTINGS, Shop
from tests.fixtures.told import assert_told_as_got
from tests.flows.native import WAIT, funded, opened, transfer, waited

PAGE = "docs/event-examples.md"
TITLE = """# Examples of events

Made by `tests/flows/test_event_examples.py` from the real thing: ids and times are replaced,
nothing else is. [events.md](events.md) lists every type.
"""
UUIDS = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
TIMES = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z?)")


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


async def money_moves(http: httpx.AsyncClient) -> None:
    """Wallets, transfers, holds, transactions and what is refused."""
    source, destination = await funded(http, "100.00"), await opened(http, owner="shop")
    _, moved = await waited(http, "/v1/transfers", transfer(source, destination, "10"))
    await waited(http, f"/v1/transfers/{moved['transfer_id']}/reverse", {"amount": "4"})
    await waited(http, "/v1/transfers", transfer(source, destination, "1000"))
    body = {"wallet_id": source, "amount": "5", "currency": "RUB", "expires_in_s": 600}
    _, hold = await waited(http, "/v1/holds", body)
    path = f"/v1/holds/{hold['hold_id']}"
    await waited(http, f"{path}/capture", {"amount": "1", "destination_wallet_id": destination})
    await waited(http, f"{path}/extend", {"expires_in_s": 900})
    await waited(http, f"{path}/release")
    await waited(http, "/v1/accounts", {"name": "fees", "currency": "RUB"})
    posting = {"source": f"wallet:{source}", "destination": "account:fees"}
    postings = [{**posting, "amount": "5.00", "currency": "RUB"}]
    body = {"postings": postings, "reference": "order-17", "metadata": {"order": 17}}
    _, made = await waited(http, "/v1/transactions", body)
    await waited(http, f"/v1/transactions/{made['transaction_id']}/reverse", {"reason": "returned"})
    for action in ("freeze", "unfreeze"):
        await waited(http, f"/v1/wallets/{destination}/{action}", {})
    await http.patch(f"/v1/wallets/{destination}", json={"metadata": {"tier": 1}}, headers=WAIT)
    await waited(http, f"/v1/wallets/{await opened(http)}/close")
    item = {"kind": "transfer", **transfer(source, destination, "1")}
    headers = {**WAIT, "Idempotency-Key": "bulk-1"}
    await http.post("/v1/operations/bulk", json={"operations": [item]}, headers=headers)
    body = {"operations": [item], "atomic": True}
    await http.post("/v1/operations/bulk", json=body, headers=WAIT)


async def clients_move_money(http: httpx.AsyncClient) -> None:
    """The wallet service."""
    for user_id in (1, 2):
        await http.post("/api/v1/wallet/", json={"user_id": user_id, "amount": 100}, headers=WAIT)
    wallets = [
        (await http.get("/api/v1/wallet/", params={"user_id": n})).json()["wallet_id"]
        for n in (1, 2)
    ]
    body = {"wallet_id": wallets[0], "amount": 50}
    await http.post("/api/v1/wallet/deposit/", json=body, headers=WAIT)
    body = {"user_id": 1, "source_wallet_id": wallets[0], "dest_wallet_id": wallets[1]}
    await http.post("/api/v1/transaction/", json={**body, "trans_sum": 7}, headers=WAIT)


def replaced(text: str) -> str:
    """Ids by their order, times by one time."""
    ids: dict[str, int] = {}

    def id_(found: re.Match[str]) -> str:
        number = ids.setdefault(found[0].replace("-", ""), len(ids) + 1)
        plain = f"019abf1e6a327bd3a1cf{number:012x}"
        parts = (plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])
        return "-".join(parts) if "-" in found[0] else plain

    return TIMES.sub(r"2026-11-26T09:12:44.120332\2", UUIDS.sub(id_, text))


async def test_the_examples_are_what_happens(shop: Shop, tmp_path: Path) -> None:
    http = shop.http
    user = await shop.user("mary")
    product_id = await shop.product("2.70")
    await shop.topped_up(user, 5, "102.59", 1)
    assert (await shop.buy(user, product_id, 5)).status_code == 201
    http.headers.update(await api_key(shop.platform))
    await money_moves(http)
    await clients_move_money(http)
    events = (await http.get("/v1/events", params={"limit": 1000})).json()["items"]
    await assert_told_as_got(http, {}, events)
    newest = {event["type"]: event for event in events}
    shown = [
        f"## {type_}\n\n```json\n{json.dumps(newest[type_], indent=2, ensure_ascii=False)}\n```\n"
        for type_ in sorted(newest)
    ]
    page = replaced("\n".join([TITLE, *shown]))
    (tmp_path / "event-examples.md").write_text(page)
    path = ROOT / PAGE
    assert path.exists(), f"copy {tmp_path / 'event-examples.md'} to {PAGE}"
    assert path.read_text() == page, f"look at {tmp_path / 'event-examples.md'}, copy it to {PAGE}"
