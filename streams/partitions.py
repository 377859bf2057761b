"""Names of keys, and the partition of a key. Hash tags keep a partition in one cluster slot."""

import zlib
from collections.abc import Sequence
from functools import cache
from typing import Final

from redis.exceptions import ResponseError

from streams.commands import Client

GROUP: Final = "apply"
EFFECTS_GROUP: Final = "executors"
OWNER: Final = "owner"
"""Consumer name in every group: PostgreSQL decides who owns a partition, so the
name is constant.
"""
FIELD: Final = b"e"
REPLIES: Final = "pay:replies:"


def partition_of(key: int | str, count: int) -> int:
    """The partition of a key: the same in every process and version."""
    return zlib.crc32(str(key).encode()) % count


@cache
def intents(partition: int) -> str:
    return f"pay:{{p{partition:02d}}}:intents"


def effects(partition: int) -> str:
    return f"pay:{{p{partition:02d}}}:effects"


def applied(partition: int) -> str:
    """The key that holds the newest acknowledged id: PostgreSQL has committed up to it."""
    return f"pay:{{p{partition:02d}}}:applied"


def marker(partition: int, operation_id: str) -> str:
    """The key that marks an operation as accepted until it is decided."""
    return f"pay:{{p{partition:02d}}}:op:{operation_id}"


def places(partition: int) -> str:
    """The hash of items whose bulk is accepted until it is decided: an id, and where it stands."""
    return f"pay:{{p{partition:02d}}}:items"


async def ensure_group(client: Client, stream: str, group: str) -> None:
    """Create the group at 0, so that no earlier entry is skipped; only BUSYGROUP is tolerated.

    Checked first: a Redis out of memory refuses XGROUP CREATE, and must still be drained.
    """
    try:
        groups = await client.xinfo_groups(stream)
    except ResponseError:
        groups = []  # no such stream yet
    if any(info["name"] in {group, group.encode()} for info in groups):
        return
    try:
        await client.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


async def backlog_found(
    client: Client, partitions: Sequence[int]
) -> tuple[dict[int, int], set[int]]:
    """The backlog, and the partitions whose server did not answer.

    Raises when the only server does not answer.
    """
    pipeline = client.pipeline(transaction=False)
    for partition in partitions:
        pipeline.xlen(intents(partition))
    replies = await pipeline.execute(raise_on_error=False)
    known = {p: n for p, n in zip(partitions, replies, strict=True) if isinstance(n, int)}
    return known, set(partitions) - set(known)


async def backlog(client: Client, partitions: Sequence[int]) -> dict[int, int]:
    """Entries not applied yet, by partition: applied ones are deleted, so XLEN is the backlog."""
    pipeline = client.pipeline(transaction=False)
    for partition in partitions:
        pipeline.xlen(intents(partition))
    return dict(zip(partitions, await pipeline.execute(), strict=True))
