"""Events of a run: each decided operation has one, and the receiver got every one of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from payments.kernel.clock import monotonic_s, rfc3339, utc_now
from payments.kernel.randomness import seeded
from payments_tools.torture.drivers.driver import Tools
from payments_tools.torture.ledger_view import View
from payments_tools.torture.receiver import Receiver

_PAGE: Final = 1000
_ARRIVE_LIMIT_S: Final = 120.0
_LONG_AGO: Final = timedelta(days=2)
Written = Sequence[Mapping[str, Any]]
"""Events as GET /v1/events gives them."""
_PATH: Final = "/v1/webhook-endpoints"


@dataclass
class Events:
    """What became of the events; the lists are empty when every promise holds."""

    written: int = 0
    deliveries: int = 0
    misdeeds: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    """Operations without an event, and events that never arrived."""
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True when nothing is missing and nothing else is wrong."""
        return not (self.missing or self.wrong)


@dataclass(frozen=True)
class Subscription:
    """A receiver that is sent every event numbered above `after`."""

    receiver: Receiver
    endpoint_id: str
    after: int


@asynccontextmanager
async def subscribed(tools: Tools) -> AsyncIterator[Subscription]:
    """A receiver that is registered for every type."""
    receiver = Receiver(seeded(tools.seed, "receiver"))
    await receiver.start()
    made = await tools.http.post(_PATH, json={"url": receiver.url}, headers=_key(tools))
    made.raise_for_status()
    receiver.secret = made.json()["secret"]
    yield Subscription(receiver, made.json()["endpoint_id"], len(await _all_events(tools)))
    await receiver.stop()


async def hear(tools: Tools, subscription: Subscription, view: View) -> Events:
    """Wait until all that was written has arrived, then compare it with the ledger."""
    subscription.receiver.behaves = True
    path = f"{_PATH}/{subscription.endpoint_id}"
    await tools.http.patch(path, json={"is_enabled": True}, headers=_key(tools))
    since = {"since": rfc3339(utc_now() - _LONG_AGO)}
    (await tools.http.post(f"{path}/recover", json=since, headers=_key(tools))).raise_for_status()
    until = monotonic_s() + _ARRIVE_LIMIT_S
    while True:
        written = await _all_events(tools)
        if not list(_absent(written, subscription)) or monotonic_s() > until:
            return compare(written, view, subscription)
        await asyncio.sleep(0.5)


def compare(written: Written, view: View, subscription: Subscription) -> Events:
    """Every difference between the log of events, the ledger and what arrived."""
    receiver = subscription.receiver
    events = Events(len(written), receiver.taken.total(), receiver.misdeeds)
    told = Counter(one["operation_id"] for one in written if one["operation_id"] is not None)
    decided = {str(id_): operation.kind for id_, operation in view.operations.items()}
    events.missing += [f"{k} {id_} has no event" for id_, k in decided.items() if id_ not in told]
    events.missing += [f"{name} never arrived" for name in _absent(written, subscription)]
    ids = {one["id"] for one in written}
    events.wrong += [f"operation {id_} has {n} events" for id_, n in told.items() if n > 1]
    events.wrong += [f"event {id_} is in no list" for id_ in receiver.taken if id_ not in ids]
    if [one["sequence"] for one in written] != list(range(1, len(written) + 1)):
        events.wrong.append("the sequence has gaps or repeats")
    if len(ids) != len(written):
        events.wrong.append("two events have one id")
    events.wrong += receiver.forged
    return events


def _absent(written: Written, subscription: Subscription) -> Iterator[str]:
    for one in written:
        is_expected = one["sequence"] > subscription.after
        if is_expected and one["id"] not in subscription.receiver.taken:
            yield f"{one['type']} {one['id']}"


async def _all_events(tools: Tools) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    after = 0
    while True:
        query = {"after": after, "limit": _PAGE}
        page = await tools.http.get("/v1/events", params=query, headers=_key(tools))
        page.raise_for_status()
        document = page.json()
        events += document["items"]
        after = document["last_sequence"]
        if document["next_cursor"] is None:
            return events


def _key(tools: Tools) -> dict[str, str]:
    return {"Authorization": f"Bearer {tools.api_key}"}
