"""Parks what cannot be applied: an entry, or an item of a bulk, with its traceback."""

from datetime import datetime
from typing import Final

import msgspec

from payments.kernel.database import Connection, is_retryable, is_without_room
from payments.operations.bulk import entry_of
from payments.operations.dead_letters import letter_of, park
from payments.operations.envelope import Envelope, encode
from payments.operations.items import Answer, Item
from payments.operations.writing import advance
from streams.entry import Entry

ATTEMPTS: Final = 4
"""How often an item is tried before it is parked."""


def is_given_up(error: Exception, attempt: int, tries: int) -> bool:
    """True when these items are not tried again together.

    Raises the error when the server lacks room for anything: no entry is at fault.
    """
    is_full = is_without_room(error)
    if is_full and attempt >= ATTEMPTS:
        raise error
    return not is_retryable(error) or (attempt >= tries and not is_full)


async def park_entry(
    connection: Connection,
    entry: Entry,
    envelope: Envelope | None,
    error: BaseException,
    now: datetime,
    *,
    attempts: int = 1,
) -> Answer:
    """Store an entry that cannot be applied; the others continue."""
    letter = letter_of("intents", entry, envelope, error, attempts if envelope else 1)
    async with connection.transaction():
        await park(connection, letter, now)
        if entry.is_of_stream:
            await advance(connection, [entry])
    return Answer(entry, envelope, None)


async def park_item(
    connection: Connection, item: Item, error: BaseException, now: datetime, *, attempts: int
) -> Answer:
    """An item of a bulk is parked alone, as an entry of its own that can be tried again."""
    entry = item.entry if item.whole is None else entry_of(item, encode(item.envelope))
    answer = await park_entry(connection, entry, item.envelope, error, now, attempts=attempts)
    return msgspec.structs.replace(answer, entry=item.entry, whole=item.whole, marking=item.marking)
