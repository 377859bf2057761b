"""The reckoning of events in torture names each way in which one may be lost or doubled."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from payments.kernel.randomness import Seeded
from payments_tools.torture.events import Subscription, compare
from payments_tools.torture.ledger_view import Operation, View
from payments_tools.torture.receiver import Receiver

IDS = [UUID(int=number) for number in (1, 2, 3)]


def log() -> list[dict[str, Any]]:
    return [
        {"id": f"evt_{id_.hex}", "sequence": n, "type": "x.applied", "operation_id": str(id_)}
        for n, id_ in enumerate(IDS, 1)
    ]


def ledger() -> View:
    outcomes = {id_: Operation(id_, "x.do", "client:a", "applied", None, {}) for id_ in IDS}
    return View(outcomes, {}, {}, {}, {}, {}, [], set(), [], [])


def heard(after: int = 0) -> Subscription:
    receiver = Receiver(Seeded("events"))
    receiver.taken = Counter({one["id"]: 1 for one in log()})
    return Subscription(receiver, "endpoint", after)


def test_all_told_and_all_heard() -> None:
    events = compare(log(), ledger(), heard())
    assert (events.is_clean, events.written, events.deliveries) == (True, 3, 3)


def test_what_was_before_the_receiver_need_not_arrive() -> None:
    subscription = heard(after=1)
    del subscription.receiver.taken[log()[0]["id"]]
    assert compare(log(), ledger(), subscription).is_clean


def not_told(written: list[dict[str, Any]], _: Receiver) -> None:
    written[0]["operation_id"] = None


def not_heard(_: list[dict[str, Any]], receiver: Receiver) -> None:
    del receiver.taken[log()[1]["id"]]


def told_twice(written: list[dict[str, Any]], _: Receiver) -> None:
    written.append({**written[0], "id": "evt_x", "sequence": 4})


def gap(written: list[dict[str, Any]], _: Receiver) -> None:
    written[2]["sequence"] = 4


def one_id(written: list[dict[str, Any]], _: Receiver) -> None:
    written.append({**written[0], "operation_id": None, "sequence": 4})


def stranger(_: list[dict[str, Any]], receiver: Receiver) -> None:
    receiver.taken["evt_stranger"] += 1


def forged(_: list[dict[str, Any]], receiver: Receiver) -> None:
    receiver.forged.append("event came with a wrong signature")


@pytest.mark.parametrize("lie", [not_told, not_heard, told_twice, gap, one_id, stranger, forged])
def test_each_lie_is_named(lie: Callable[[list[dict[str, Any]], Receiver], None]) -> None:
    written, subscription = log(), heard()
    lie(written, subscription.receiver)
    assert not compare(written, ledger(), subscription).is_clean
