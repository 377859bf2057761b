"""docs/event-examples-refused.md holds an event of each refusal that no other page has.

Made like docs/event-examples.md: look at the difference and copy it. Each is about something that
does not exist, or exists already; what is never refused is parked and given up by an operator. The
events of webhook endpoints are here as well: a test event, and one that is disabled.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from payments.kernel.clock import utc_now
from payments.kernel.ids import new_id
from payments.operations.dead_letters import DeadLetter, discard_letter, list_letters, park
from payments.operations.envelope import Envelope, digest_of, encode
from payments.operations.submit import fresh
from payments.registry import OPERATIONS
from tests.architecture.sources import ROOT
from tests.fixtures.platform import DEADLINE_S, Platform, eventually
from tests.fixtures.receiving import Receiver, attempted, delivering, endpoint
from tests.fixtures.refused_intents import GIVEN_UP, REFUSED
from tests.fixtures.told import assert_told_as_got
from tests.flows.native import opened
from tests.flows.test_event_examples import replaced

PAGE = "docs/event-examples-refused.md"
TITLE = """# Examples of events: refused, given up, disabled

Made by `tests/flows/test_event_examples_of_refusals.py` from the real thing, as
[event-examples.md](event-examples.md) is. [events.md](events.md) lists every type.
"""
SEQUENCES = re.compile(r'("sequence": )\d+')
PORTS = re.compile(r"http://127\.0\.0\.1:\d+")
ENDS = ("rejected", ".disabled", ".test")
ACTOR = "client:shop"


async def refuse(platform: Platform, kind: str, body: Mapping[str, Any]) -> None:
    """Submit it until it is refused: the second time, where the first makes the thing."""
    operation = next(one for one in OPERATIONS if one.kind == kind)
    intent = msgspec.json.decode(msgspec.json.encode(body), type=operation.intent)
    for _ in range(2):
        ticket = await platform.submitter(fresh(operation, intent, actor=ACTOR), DEADLINE_S)
        assert ticket.decision is not None, kind
        if ticket.decision.status == "rejected":
            return
    raise AssertionError(f"{kind} is never refused")


async def give_up(platform: Platform, kind: str, body: Mapping[str, Any]) -> None:
    """Park it, as a consumer does with what it cannot handle, and discard it."""
    raw = msgspec.Raw(msgspec.json.encode(body))
    envelope = Envelope(
        operation_id=new_id(),
        kind=kind,
        actor=ACTOR,
        digest=digest_of(kind, ACTOR, bytes(raw)),
        submitted_at=utc_now(),
        body=raw,
    )
    letter = DeadLetter(
        stream="intents",
        partition=0,
        stream_id=str(envelope.operation_id),
        operation_id=envelope.operation_id,
        kind=kind,
        payload=encode(envelope),
        error="unreadable",
        attempts=1,
    )
    async with platform.connection() as connection:
        await park(connection, letter, utc_now())
        for parked in await list_letters(connection):
            await discard_letter(connection, parked.id, utc_now(), "operator")


async def disable(http: httpx.AsyncClient, platform: Platform, receiver: Receiver) -> Any:
    """An endpoint gets a test event, which is given back, and says that it is gone."""
    made = await endpoint(http, receiver.url, "wallet.opened")
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    async with delivering(platform):
        await http.post(f"{path}/test")
        await attempted(http, made)
        receiver.says(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        await opened(http)

        async def is_disabled() -> bool:
            return not (await http.get(path)).json()["is_enabled"]

        await eventually(is_disabled, 20)
    return json.loads(receiver.requests[0][1])


async def test_the_examples_are_what_happens(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver, tmp_path: Path
) -> None:
    for kind, body in REFUSED.items():
        await refuse(platform, kind, body)
    for kind, body in GIVEN_UP.items():
        await give_up(platform, kind, body)
    events = [await disable(native, platform, receiver)]
    events += (await native.get("/v1/events", params={"limit": 1000})).json()["items"]
    newest = {e["type"]: e for e in events if e["type"].endswith(ENDS)}
    await assert_told_as_got(native, {}, events)
    shown = [
        f"## {type_}\n\n```json\n{json.dumps(newest[type_], indent=2, ensure_ascii=False)}\n```\n"
        for type_ in sorted(newest)
    ]
    page = SEQUENCES.sub(r"\g<1>1", replaced("\n".join([TITLE, *shown])))
    page = PORTS.sub("https://shop.example.com", page)
    (tmp_path / "page.md").write_text(page)
    path = ROOT / PAGE
    assert path.exists(), f"copy {tmp_path / 'page.md'} to {PAGE}"
    assert path.read_text() == page, f"look at {tmp_path / 'page.md'}, copy it to {PAGE}"
