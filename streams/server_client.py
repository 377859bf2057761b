"""A client of one Redis server."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import redis.asyncio

from streams.commands import Producer, VerifyPartitions
from streams.options import SOCKET_TIMEOUT_S, options
from streams.producer import Lane


class ServerClient(redis.asyncio.Redis):
    """Every command of redis-py; one server holds all partitions."""

    url: str
    min_replicas: int

    def create_producer(self, verify: VerifyPartitions, partition_count: int) -> Producer:
        """One lane."""
        verify_all = partial(verify, range(partition_count))
        return Lane(self.url, verify_all, min_replicas=self.min_replicas)

    def place_of(self, partition: int) -> str:
        """The same for all."""
        del partition
        return ""

    def readable_together(self, owned: Collection[int]) -> set[tuple[int, ...]]:
        """All of them."""
        return {tuple(sorted(owned))} if owned else set()

    async def servers(self) -> Sequence[tuple[str, "ServerClient"]]:
        """This one."""
        return [("", self)]


def create_server_client(
    url: str, *, connections: int = 8, min_replicas: int = 0, **more: Any
) -> ServerClient:
    """A client whose bounded pool waits for a free connection. `url`: redis://, rediss://, unix://."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url, max_connections=connections, timeout=SOCKET_TIMEOUT_S, **options(**more)
    )
    client = ServerClient(connection_pool=pool)
    client.auto_close_connection_pool = True  # the pool is its own
    client.url, client.min_replicas = url, min_replicas
    return client
