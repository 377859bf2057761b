"""Redis clients as this product needs them: no silent retries, every call with a deadline.

redis-py 8 repeats every command ten times by default; one XADD whose reply was lost became two
entries (measured).
"""

from typing import TYPE_CHECKING, Any, cast

import redis.asyncio

from streams.addresses import is_cluster, parse_cluster, server_url
from streams.cluster_client import ClusterClient
from streams.options import create_server_client

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def create_client(url: str, *, connections: int = 8) -> "redis.asyncio.Redis":
    """A client whose bounded pool waits for a free connection; in a cluster, a pool a node."""
    if is_cluster(url):
        return cast(
            "redis.asyncio.Redis", ClusterClient(parse_cluster(url), connections=connections)
        )
    return create_server_client(server_url(url), connections=connections)


def place_of(client: Any, partition: int) -> str:
    """The server that holds a partition, as far as is known; "" when one has all."""
    return client.place_of(partition) if isinstance(client, ClusterClient) else ""


def readable_together(client: Any, owned: "Collection[int]") -> "set[tuple[int, ...]]":
    """Partitions that one command may read: all of a server; in a cluster each for itself."""
    if isinstance(client, ClusterClient):
        return {(partition,) for partition in owned}
    return {tuple(sorted(owned))} if owned else set()


async def servers_of(client: Any) -> "Iterable[tuple[str, Any]]":
    """Every server behind a client: its name, and its own client, closed with this one."""
    return await client.servers() if isinstance(client, ClusterClient) else [("", client)]
