"""Events that are stored as a few values read as if their data had been stored."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.events.event import Event, NumberedEvent, Packing, numbered, text_of
from payments.kernel.ids import sortable_id
from payments.operations.telling import Teller
from payments.registry import PACKINGS
from payments.transfers.queries import transfer_view
from payments.transfers.tables import Transfer
from payments.transfers.tells import TELLS, pack

NOW = datetime(2026, 11, 26, 9, 12, 44, 120332, UTC)
SORTABLE = UUID("019abf1e-6a32-7bd3-a1cf-00000000000d")
OF_A_KEY = UUID("6ef0ecbb-a42b-54e3-a918-2bb97d62d477")


def made_by(operation_id: UUID, **changed: Any) -> Transfer:
    values: dict[str, Any] = {
        "id": sortable_id(operation_id, NOW),
        "source_wallet_id": 1,
        "destination_wallet_id": 2,
        "minor": 12345,
        "currency": "RUB",
        "reversed_minor": 0,
        "reversal_of": None,
        "description": 'für "17"',
        "created_at": NOW,
    }
    return Transfer(**values | changed)


def read(event: Event) -> NumberedEvent:
    return numbered(text_of([event]), 7, NOW, PACKINGS)[0]


@pytest.mark.parametrize("operation_id", [SORTABLE, OF_A_KEY])
@pytest.mark.parametrize("changed", [{}, {"minor": 5, "currency": "JPY", "description": ""}])
def test_what_is_read_is_what_its_get_gives(operation_id: UUID, changed: dict[str, Any]) -> None:
    transfer = made_by(operation_id, **changed)
    whole = read(Event("transfer.applied", operation_id, "a", transfer_view(transfer)))
    packed = Event("transfer.applied", operation_id, "a", pack(transfer))
    assert read(packed) == whole
    assert len(text_of([packed])) < 0.5 * len(
        text_of([msgspec.structs.replace(packed, data=whole)])
    )


def test_a_row_that_is_stored_reads_the_same_for_ever() -> None:
    """Events are kept for ever: a change of this text or of its reading is a fault."""
    stored = f'[["transfer.applied","{OF_A_KEY}","a",[1,2,12345,"RUB","x"],null]]'
    transfer = made_by(OF_A_KEY, description="x")
    assert text_of([Event("transfer.applied", OF_A_KEY, "a", pack(transfer))]) == stored
    (event,) = numbered(stored, 7, NOW, PACKINGS)
    assert msgspec.json.encode(event).decode() == (
        '{"id":"evt_6ef0ecbba42b54e3a9182bb97d62d477","sequence":7,"type":"transfer.applied",'
        f'"occurred_at":"2026-11-26T09:12:44.120332Z","operation_id":"{OF_A_KEY}","client":"a",'
        '"data":{"transfer_id":"01a21720-ef58-738e-a918-2bb97d62d477","source_wallet_id":1,'
        '"destination_wallet_id":2,"amount":"123.45","currency":"RUB","reversed":"0.00",'
        '"reversal_of":null,"description":"x","created_at":"2026-11-26T09:12:44.120332Z"}}'
    )


def test_what_the_values_do_not_say_is_stored_whole() -> None:
    assert pack(made_by(SORTABLE, reversed_minor=1)) is None
    assert pack(made_by(SORTABLE, reversal_of=OF_A_KEY)) is None


def test_a_thing_with_states_of_its_own_cannot_be_packed() -> None:
    packing = Packing(pack=pack, unpack=PACKINGS["transfer"].unpack)
    tells = msgspec.structs.replace(TELLS, packing=packing, happened=lambda _before, _after: "x")
    with pytest.raises(ValueError, match="would be lost"):
        Teller((tells,))
