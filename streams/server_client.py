"""A client of one Redis server."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import redis.asyncio

from streams.commands import Producer, VerifyPartitions
from streams.linked_pipeline import LinkedPipeline, LinkedPipelines
from streams.options import SOCKET_TIMEOUT_S, options
from streams.producer import Lane
from streams.sentinel import pool_of


class ServerClient(redis.asyncio.Redis):
    """The commands of redis-py for one server that holds all partitions."""

    url: str
    min_replicas: int
    _finishing: LinkedPipelines

    def create_producer(self, verify: VerifyPartitions, partition_count: int) -> Producer:
        """A producer with one lane."""
        verify_all = partial(verify, range(partition_count))
        return Lane(self.url, verify_all, min_replicas=self.min_replicas)

    def place_of(self, partition: int) -> str:
        """Always "": there is only one server."""
        del partition
        return ""

    def readable_together(self, owned: Collection[int]) -> set[tuple[int, ...]]:
        """All partitions in one group."""
        return {tuple(sorted(owned))} if owned else set()

    def finishing(self) -> LinkedPipeline:
        """A pipeline on a connection of its own."""
        return self._finishing.pipeline()

    async def url_of(self, partition: int) -> str:
        """The URL of this server."""
        del partition
        return self.url

    async def aclose(self, *args: Any, **options: Any) -> None:
        """Close all connections."""
        self._finishing.close()
        await super().aclose(*args, **options)

    def any_server(self) -> str:
        """The URL of this server."""
        return self.url

    async def servers(self) -> Sequence[tuple[str, "ServerClient"]]:
        """Only this server."""
        return [("", self)]


def create_server_client(
    url: str, *, connections: int = 8, min_replicas: int = 0, **overrides: Any
) -> ServerClient:
    """A client with a bounded pool that waits for a free connection.

    `url`: redis://, rediss://, unix:// or redis+sentinel://.
    """
    pool = pool_of(
        redis.asyncio.BlockingConnectionPool,
        url,
        max_connections=connections,
        timeout=SOCKET_TIMEOUT_S,
        **options(**overrides),
    )
    client = ServerClient(connection_pool=pool)
    client.auto_close_connection_pool = True  # the client owns the pool
    client.url, client.min_replicas = url, min_replicas
    client._finishing = LinkedPipelines(url)  # noqa: SLF001 - redis-py's constructor is not ours
    return client
