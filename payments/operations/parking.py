"""Parks what cannot be applied: an entry, or an item of a bulk, with its traceback."""

from datetime import datetime

import msgspec

from payments.kernel.database import Connection
from payments.operations.bulk import entry_of
from payments.operations.dead_letters import letter_of, park
from payments.operations.envelope import Envelope, encode
from payments.operations.items import Answer, Item
from payments.operations.writing import advance
from streams.entry import Entry


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
