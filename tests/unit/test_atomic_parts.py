"""The parts of an atomic bulk: their ids, and what the whole answers for them."""

from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.kernel.clock import utc_now
from payments.kernel.ids import derived_id
from payments.operations.atomic import bulk_applied, part_ids
from payments.operations.outcome import Decision

ID = UUID("0191b2c0-0000-7000-8000-000000000001")


def test_ids_of_parts_follow_from_the_whole_and_their_places() -> None:
    found = list(islice(part_ids(ID), 12))
    assert found == [derived_id("part", str(ID), str(place)) for place in range(12)]
    assert found[0] == UUID("e0110435-d31a-53ff-b50d-cb706814bde1")


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
    (whole, _) = bulk_applied([decision])
    items = msgspec.json.decode(msgspec.json.encode(whole))["items"]
    assert items == [{**result, "operation_id": str(ID), "status": "applied"}]
