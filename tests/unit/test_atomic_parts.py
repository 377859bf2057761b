"""The parts of an atomic bulk: their ids, and what the whole answers for them."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.kernel.clock import utc_now
from payments.kernel.ids import derived_id
from payments.operations.atomic import (
    ApplyAll,
    AtomicPart,
    bulk_applied,
    part_ids,
    parts_accepted,
)
from payments.operations.bulk_ids import new_bulk_id, place_of
from payments.operations.outcome import Decision

ID = UUID("0191b2c0-0000-7000-8000-000000000001")


def whole(*, ids_follow: bool) -> ApplyAll:
    part = AtomicPart(kind="k", intent=msgspec.Raw(b"{}"))
    return ApplyAll(parts=(part,) * 12, ids_follow=ids_follow)


def test_ids_of_the_parts_of_a_keyed_whole_are_hashed() -> None:
    found = part_ids(whole(ids_follow=False), ID)
    assert found == [derived_id("part", str(ID), str(place)) for place in range(12)]
    assert found[0] == UUID("e0110435-d31a-53ff-b50d-cb706814bde1")


def test_ids_of_other_parts_are_neighbours_and_say_their_place() -> None:
    id_, intent = new_bulk_id(), whole(ids_follow=True)
    found = part_ids(intent, id_)
    assert found == sorted(found)
    assert [place_of(one) for one in found] == [(id_, place) for place in range(12)]
    assert parts_accepted(intent, id_).placed == ()


def test_ids_are_those_of_the_whole_that_is_asked_for() -> None:
    intent = whole(ids_follow=False)
    assert part_ids(intent, ID) == part_ids(intent, ID)
    assert set(part_ids(intent, ID)).isdisjoint(part_ids(intent, new_bulk_id()))


def test_an_entry_of_before_has_the_ids_that_were_told() -> None:
    old = msgspec.json.decode(b'{"parts":[{"kind":"k","intent":{}}]}', type=ApplyAll)
    assert part_ids(old, ID) == [UUID("e0110435-d31a-53ff-b50d-cb706814bde1")]


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"transfer_id": "1", "amount": "0.05"},
        {"status": "success", "operation_key": "k"},
        {"operation_id": "another", "amount": "1"},
        {"note": 'a "status" inside', "more": {"status": "nested"}},
        {"last": ["}", {"a": 1}]},
    ],
)
def test_an_item_is_what_it_was_applied_with_and_its_own_id_and_status(
    result: dict[str, Any],
) -> None:
    now = utc_now()
    text = msgspec.json.encode(result).decode()
    decision = Decision(ID, "k", b"", "a", "applied", None, text, None, now, now)
    (applied, _) = bulk_applied([decision])
    items = msgspec.json.decode(msgspec.json.encode(applied))["items"]
    assert items == [{**result, "operation_id": str(ID), "status": "applied"}]
