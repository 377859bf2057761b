"""The Redis commands this product uses, and the location of partitions.

redis-py 8 types a reply as a union over both protocols, decoded or not; here replies are always
RESP2 and bytes.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final, NamedTuple, Protocol


class Beside(NamedTuple):
    """What an append sets beside its own marker, for the items of a bulk.

    `markers`: ids with markers of their own. `places`: fields and values, in turn, of the hash
    that says where an item without one stands.
    """

    markers: Sequence[tuple[str, bytes]] = ()
    places: Sequence[bytes] = ()


NOTHING_BESIDE: Final = Beside()
VerifyPartitions = Callable[[Sequence[int]], Awaitable[None]]


class Producer(Protocol):
    """Appends to partitions: a `Lane` for one server, a `ClusterProducer` for a cluster."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Send what is waiting, then close."""
        ...

    async def append(
        self,
        partition: int,
        operation_id: str,
        payload: bytes,
        marker: bytes,
        *,
        stream: str = "",
        beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        """See `Lane.append`."""
        ...


class Client(Protocol):
    """A client of one server (`ServerClient`) or of a cluster (`ClusterClient`).

    The commands have their names in Redis.
    """

    def create_producer(self, verify: VerifyPartitions, partition_count: int) -> Producer:
        """A producer for the streams."""
        ...

    def place_of(self, partition: int) -> str:
        """The server that holds a partition, as far as known; "" with a single server."""
        ...

    def readable_together(self, owned: Collection[int]) -> set[tuple[int, ...]]:
        """Groups of partitions that one command may read: all together on a server, one each in a
        cluster.
        """
        ...

    async def servers(self) -> Sequence[tuple[str, "Client"]]:
        """Every server: its name, and a client of it, closed together with this one."""
        ...

    def finishing(self) -> Any:
        """An empty pipeline for the commands that finish a batch."""
        ...

    async def url_of(self, partition: int) -> str:
        """The URL of the server that holds a partition."""
        ...

    def any_server(self) -> str:
        """The URL of a server to subscribe at: what is published on one reaches all of them."""
        ...

    def execute_command(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def pipeline(self, *args: Any, **options: Any) -> Any: ...
    def pubsub(self, **options: Any) -> Any: ...
    def aclose(self) -> Awaitable[None]: ...

    def ping(self, **options: Any) -> Awaitable[Any]: ...
    def info(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def config_get(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def get(self, *args: Any) -> Awaitable[Any]: ...
    def delete(self, *args: Any) -> Awaitable[Any]: ...
    def publish(self, *args: Any, **options: Any) -> Awaitable[Any]: ...

    def xack(self, *args: Any) -> Awaitable[Any]: ...
    def xclaim(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def xdel(self, *args: Any) -> Awaitable[Any]: ...
    def xgroup_create(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def xinfo_groups(self, *args: Any) -> Awaitable[Any]: ...
    def xlen(self, *args: Any) -> Awaitable[Any]: ...
    def xpending(self, *args: Any) -> Awaitable[Any]: ...
    def xpending_range(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def xrange(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def xreadgroup(self, *args: Any, **options: Any) -> Awaitable[Any]: ...
