"""Finds what is accepted and not decided, by what is kept beside the stream."""

from collections.abc import Sequence
from typing import Any

from payments.kernel.ids import OperationId
from payments.operations.acceptance import marker_of_item, place_in
from payments.operations.bulk_ids import place_of
from streams import partitions
from streams.commands import Client


class NotAllLookedAtError(Exception):
    """It is not where we could look, and a server did not answer."""


async def find_marker(
    client: Client, partition_count: int, operation_id: OperationId
) -> bytes | None:
    """The marker of an accepted operation, in any partition; of an item, from its bulk's.

    Raises `NotAllLookedAtError`, and redis-py's errors.
    """
    numbers = range(partition_count)
    bulk = place_of(operation_id)
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        pipeline.get(partitions.marker(number, str(operation_id)))
    for number in numbers:
        pipeline.hget(partitions.places(number), operation_id.bytes)
    for number in numbers if bulk else ():
        pipeline.get(partitions.marker(number, str(bulk[0] if bulk else "")))
    replies: list[Any] = await pipeline.execute(raise_on_error=False)
    own, placed, wholes = _cut(replies, partition_count)
    marker = _first(own)
    if marker is None and bulk is not None and (whole := _first(wholes)) is not None:
        marker = marker_of_item(whole, bulk[1])
    if marker is None:
        marker = await _of_place(client, placed)
    if marker is None and any(isinstance(reply, Exception) for reply in replies):
        raise NotAllLookedAtError
    return marker


async def find_whole(
    client: Client, partition_count: int, operation_id: OperationId
) -> OperationId | None:
    """The bulk that an item of this id would be of, by the id itself or by what is kept of it.

    Raises `NotAllLookedAtError`, and redis-py's errors.
    """
    bulk = place_of(operation_id)
    if bulk is not None:
        return OperationId(bulk[0])
    pipeline = client.pipeline(transaction=False)
    for number in range(partition_count):
        pipeline.hget(partitions.places(number), operation_id.bytes)
    replies: list[Any] = await pipeline.execute(raise_on_error=False)
    placed = _first(replies)
    if placed is None and any(isinstance(reply, Exception) for reply in replies):
        raise NotAllLookedAtError
    return None if placed is None else OperationId(place_in(placed)[0])


async def _of_place(client: Client, placed: Sequence[Any]) -> bytes | None:
    for number, value in enumerate(placed):
        if isinstance(value, bytes):
            bulk_id, index = place_in(value)
            whole = await client.get(partitions.marker(number, str(bulk_id)))
            return None if whole is None else marker_of_item(whole, index)
    return None


def _cut(replies: Sequence[Any], size: int) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    return replies[:size], replies[size : 2 * size], replies[2 * size :]


def _first(replies: Sequence[Any]) -> bytes | None:
    return next((reply for reply in replies if isinstance(reply, bytes)), None)
