"""Redis clients as this product needs them: no silent retries, every call with a deadline.

redis-py 8 repeats every command ten times by default; one XADD whose reply was lost became two
entries (measured).
"""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import redis.asyncio

from streams.addresses import min_replicas, server_url
from streams.cluster.addresses import is_cluster, parse_cluster
from streams.cluster.client import ClusterClient
from streams.cluster.producer import ClusterProducer
from streams.options import create_server_client
from streams.producer import Lane, Producer, VerifyPartitions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def create_client(url: str, *, connections: int = 8) -> "redis.asyncio.Redis":
    """A client whose bounded pool waits for a free connection; in a cluster, a pool a node."""
    if is_cluster(url):
        return cast(
            "redis.asyncio.Redis", ClusterClient(parse_cluster(url), connections=connections)
        )
    return create_server_client(server_url(url), connections=connections)


def create_producer(
    url: str, client: Any, verify: VerifyPartitions, partition_count: int
) -> Producer:
    """What appends to the streams behind `url`, whose client is `client`."""
    replicas = min_replicas(url)
    if isinstance(client, ClusterClient):
        return ClusterProducer(
            client.topology, verify, partition_count=partition_count, min_replicas=replicas
        )
    return Lane(server_url(url), partial(verify, range(partition_count)), min_replicas=replicas)


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
