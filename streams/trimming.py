"""Deletes entries that were acknowledged but not deleted because a process died in between."""

from redis.exceptions import ResponseError

from streams.commands import Client


async def trim(client: Client, stream: str, group_name: str) -> None:
    """Delete acknowledged entries that were left in the stream, but nothing pending or unread."""
    try:
        groups = await client.xinfo_groups(stream)
    except ResponseError:
        return
    # Read before the pending entries: anything delivered meanwhile has a higher id.
    group = next((g for g in groups if g["name"] in {group_name, group_name.encode()}), None)
    if group is None:
        return
    pending = await client.xpending(stream, group_name)
    if pending["pending"]:
        keep_from = _bytes(pending["min"])
    else:
        ms, _, seq = _bytes(group["last-delivered-id"]).partition(b"-")
        keep_from = b"%b-%d" % (ms, int(seq or 0) + 1)
    await client.execute_command("XTRIM", stream, "MINID", keep_from)


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
