"""Ids of bulks and of their items, of which one follows from the other."""

from typing import Final
from uuid import UUID

from payments.kernel.ids import OperationId, new_id

ITEMS_MAX: Final = 1000
_PLACE: Final = (1 << 12) - 1
"""The bits of an item's id that hold its place; all of them are set in the bulk's."""
_TIMED: Final = 7


def new_bulk_id() -> OperationId:
    """The id of a bulk without a key."""
    return OperationId(UUID(int=new_id().int | _PLACE))


def item_id(bulk_id: UUID, index: int) -> UUID:
    """The id of its item without a key: both sort by time, and the items are neighbours."""
    return UUID(int=bulk_id.int & ~_PLACE | index)


def place_of(id_: UUID) -> tuple[UUID, int] | None:
    """The bulk and the place that such an id would stand for, whether there is that bulk or not."""
    index = id_.int & _PLACE
    if id_.version != _TIMED or index >= ITEMS_MAX:
        return None
    return UUID(int=id_.int | _PLACE), index
