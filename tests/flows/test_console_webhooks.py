"""Webhooks in the console: registering, a failed delivery, sending it again, a test."""

import re
from typing import Any

import httpx
import pytest

from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.platform import Platform, eventually
from tests.fixtures.receiving import OK, Receiver, delivering
from tests.flows.native import opened

PATH = "/console/webhooks"
HOSTILE = "<script>alert(1)</script>"
ANSWER = b"<img src=x onerror=alert(2)>no thanks"
FAILURE = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)


async def registered(desk: Desk, url: str, **fields: Any) -> tuple[str, Page]:
    """The page of a new endpoint, and the page that shows its secret."""
    shown = await desk.act(PATH, url=url, description=HOSTILE, **fields)
    assert shown.status == 200, shown.text
    where = re.search(rf"{PATH}/[0-9a-f-]{{36}}", shown.html)
    assert where is not None
    return where[0], shown


async def test_the_secret_is_shown_once(
    console: Console, receiver: Receiver, platform: Platform
) -> None:
    admin = await console.desk("ada", "admin")
    where, shown = await registered(admin, receiver.url, types="wallet.*, payout.paid")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.html)
    assert secret is not None
    for path in (where, PATH, f"{PATH}?format=csv", "/console/actions"):
        page = await admin.get(path)
        assert secret[0] not in page.html
        assert "<script>alert" not in page.html or path.endswith("csv")
    assert "wallet.*, payout.paid" in (await admin.get(where)).text
    everything = "SELECT string_agg(row_to_json(a)::text, '') FROM operator_actions a"
    recorded = await platform.value(everything)
    assert secret[0] not in recorded
    assert "webhook.register" in recorded
    rotated = await admin.act(f"{where}/rotate")
    assert secret[0] not in rotated.html
    assert "whsec_" in rotated.html


async def test_a_failed_delivery_is_seen_and_sent_again(
    console: Console, receiver: Receiver, platform: Platform, native: httpx.AsyncClient
) -> None:
    admin, anna = await console.desk("ada", "admin"), await console.desk("anna")
    where, _ = await registered(admin, receiver.url)
    receiver.says(FAILURE)
    async with delivering(platform):
        await opened(native)

        async def failed() -> Any:
            page = await anna.get(f"{where}?status=failed")
            is_seen = "wallet.opened" in page.text and "Failing since" in page.text
            return page if is_seen else None

        page = await eventually(failed)
        assert "500" in page.text
        assert "no thank" in page.text
        assert "<img" not in page.html
        receiver.says(OK)
        again = re.search(rf"{where}/deliveries/[0-9a-f-]+/retry", page.html)
        assert again is not None
        key = "00000000-0000-4000-8000-000000000001"
        for _ in range(2):
            assert (await anna.act(again[0], key=key, reason="they mended it")).status == 200

        async def arrived() -> bool:
            return "wallet.opened" in (await anna.get(f"{where}?status=succeeded")).text

        await eventually(arrived)
    assert len([e for e in receiver.events if e["type"] == "wallet.opened"]) == 2
    assert "webhook.send_again" in (await anna.get(where)).text


async def test_a_test_event_and_switching_off(
    console: Console, receiver: Receiver, platform: Platform
) -> None:
    admin, anna = await console.desk("ada", "admin"), await console.desk("anna")
    where, _ = await registered(admin, receiver.url, types="payout.*")
    await anna.act(f"{where}/test")
    assert "pending" in (await anna.get(where)).text
    async with delivering(platform):

        async def arrived() -> bool:
            return bool(receiver.events)

        await eventually(arrived)
    off = await anna.act(f"{where}/switch", is_enabled="false")
    assert "It was switched off" in off.text
    assert (await anna.act(f"{where}/test")).status == 409
    on = await anna.act(f"{where}/switch", is_enabled="true")
    assert "enabled" in on.text
    assert (await anna.act(f"{where}/delete")).status == 403
    gone = await admin.act(f"{where}/delete", reason="nobody reads it")
    assert "No endpoint yet" in gone.text
    assert (await admin.get(where)).status == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"url": "ftp://x"}, "https://"),
        ({"url": "http://10.0.0.1/"}, "public address"),
        ({"url": "javascript:alert(1)"}, "https://"),
        ({"url": "http://127.0.0.1/", "types": "not a type"}, "is no type"),
        ({"url": ""}, "url"),
    ],
)
async def test_where_nothing_may_be_sent_is_no_endpoint(
    console: Console, platform: Platform, fields: dict[str, Any], words: str
) -> None:
    admin = await console.desk("ada", "admin")
    page = await admin.act(PATH, **fields)
    assert (page.status, words in page.text) == (422, True), page.text
    assert await platform.value("SELECT count(*) FROM webhook_endpoints") == 0


async def test_an_operator_does_not_say_where_events_go(console: Console) -> None:
    anna = await console.desk("anna")
    assert (await anna.act(PATH, url="https://example.com/")).status == 403
    assert "Register" not in (await anna.get(PATH)).text


async def test_endpoints_by_state_and_address(console: Console, receiver: Receiver) -> None:
    admin = await console.desk("ada", "admin")
    where, _ = await registered(admin, receiver.url)
    await admin.act(f"{where}/switch", is_enabled="false")
    for query, is_there in (
        ("state=enabled", False),
        ("state=disabled", True),
        ("state=failing", False),
        (f"sent_to={receiver.url[7:20]}", True),
        ("sent_to=%25", False),
        ("state=disabled&sent_to=nowhere", False),
    ):
        assert (where in (await admin.get(f"{PATH}?{query}")).html) is is_there, query
    exported = await admin.get(f"{where}?format=csv&status=failed")
    assert exported.text.startswith("\ufeffMade,Type,Event,Status")
