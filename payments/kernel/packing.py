"""Rows packed as PostgreSQL's binary COPY: by `struct`, not field by field in the driver.

Only tables of the hot path are written like this; what packs a row stands beside its table.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from payments.kernel.database import Connection

NULL: Final = b"\xff\xff\xff\xff"
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER: Final = struct.pack(">h", -1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LENGTH: Final = struct.Struct(">i").pack


def text_field(text: str) -> bytes:
    """A field of type text or json."""
    data = text.encode()
    return _LENGTH(len(data)) + data


@lru_cache(maxsize=1024)
def repeated_field(text: str) -> bytes:
    """The same for words that come again and again: kinds, actors, currencies."""
    return text_field(text)


def micros(moment: datetime) -> int:
    """A time as `timestamptz` stores it: microseconds since 2000."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(since_us: int) -> datetime:
    """The time of these microseconds."""
    return _EPOCH + timedelta(microseconds=since_us)


def bytes_of(id_: UUID) -> bytes:
    """The 16 bytes of an id; the property `bytes` takes longer."""
    return id_.int.to_bytes(16, "big")


@lru_cache(maxsize=4)
def shared_micros(moment: datetime) -> int:
    """The same for a time that many rows of a batch share."""
    return micros(moment)


async def copy_packed(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[bytes]
) -> None:
    """COPY rows, each packed with its number of fields in front."""
    data = b"".join((_HEADER, *rows, _TRAILER))
    await connection.copy_to_table(
        table,
        columns=columns,
        source=memoryview(data),  # type: ignore[arg-type]  # bytes would be the name of a file
        format="binary",
    )


def bigints(values: Sequence[int]) -> str:
    """The text of a `bigint[]`, for `$1::text::bigint[]`: cheaper than the driver's arrays."""
    return f"{{{repr(values)[1:-1]}}}"
