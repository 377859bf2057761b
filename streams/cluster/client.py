"""A client of a Redis Cluster: one plain client per node; a command goes to the node of its
partition.

Used instead of `redis.asyncio.RedisCluster`, which (8.1, read in its source) closes the connections
of every node when one answers CLUSTERDOWN, sends commands without a key to one fixed node, raises
instead of waiting when a pool is empty, and asks the server for the keys of each XREADGROUP. Here
an unreachable node fails only its own partitions. A command is repeated only if a node refused it
with MOVED or ASK, because then it was not executed.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from redis.commands import AsyncCoreCommands
from redis.crc import key_slot
from redis.event import EventDispatcher
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streams.cluster.addresses import Cluster, Node
from streams.cluster.producer import ClusterProducer
from streams.cluster.topology import Topology, name, partition_slot
from streams.commands import Client, Producer, VerifyPartitions
from streams.server_client import ServerClient, create_server_client

_TAGGED: Final = "pay:{"
_TAGGED_BYTES: Final = _TAGGED.encode()
_AWAY: Final = (RedisConnectionError, RedisTimeoutError, ClusterDownError, OSError, TimeoutError)

Command = tuple[tuple[Any, ...], Mapping[str, Any]]


class _Commands(AsyncCoreCommands):
    """The commands of redis-py, each built on `execute_command`."""

    _event_dispatcher = EventDispatcher()  # required by redis-py's client protocol


class ClusterClient(_Commands):
    """Every command of redis-py. Commands without a key of ours (INFO) go to
    any node that answers.
    """

    def __init__(self, cluster: Cluster, *, connections: int = 8, min_replicas: int = 0) -> None:
        """`connections` per node; an append counts when `min_replicas` replicas have it."""
        self.topology = Topology(cluster)
        self._connections = connections
        self._min_replicas = min_replicas
        self._servers: dict[Node, ServerClient] = {}
        self._turn = 0

    async def aclose(self) -> None:
        """Close the clients of all nodes."""
        for server in self._servers.values():
            await server.aclose()
        self._servers.clear()

    def create_producer(self, verify: VerifyPartitions, partition_count: int) -> Producer:
        """A producer with one lane per node."""
        return ClusterProducer(
            self.topology,
            verify,
            partition_count=partition_count,
            min_replicas=self._min_replicas,
        )

    def readable_together(self, owned: Collection[int]) -> set[tuple[int, ...]]:
        """One group per partition: no command spans two slots."""
        return {(partition,) for partition in owned}

    def server(self, node: Node) -> Any:
        client = self._servers.get(node)
        if client is None:
            client = self._servers[node] = create_server_client(
                self.topology.url(node), connections=self._connections
            )
        return client

    async def servers(self) -> Sequence[tuple[str, Client]]:
        """Every master, by name."""
        await self.topology.refresh(self.topology.version)
        return [(name(node), self.server(node)) for node in sorted(self.topology.nodes)]

    def place_of(self, partition: int) -> str:
        """The node that holds a partition, "" until one is known."""
        node = self.topology.known_owner(partition_slot(partition))
        return name(node) if node else ""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command to the node of its first key."""
        slot = slot_of(args)
        if slot is None:
            return await self._anywhere(args, options)
        seen = self.topology.version
        node = await self.topology.owner(slot)
        try:
            return await self.server(node).execute_command(*args, **options)
        except AskError as error:  # MOVED too: refused, not executed
            return await self.follow(error, seen, (args, options))
        except _AWAY:
            self.topology.doubt()
            raise

    async def follow(self, error: AskError, seen: int, command: Command) -> Any:
        """Run a command once where a node redirected it; a second redirect means resharding is
        under way.
        """
        args, options = command
        if isinstance(error, MovedError):
            await self.topology.refresh(seen)
            node = await self.topology.owner(error.slot_id)
            return await self.server(node).execute_command(*args, **options)
        pipeline = self.server((error.host, error.port)).pipeline(transaction=False)
        pipeline.execute_command("ASKING")
        pipeline.execute_command(*args, **options)
        return (await pipeline.execute())[1]

    def pipeline(self, *, transaction: bool) -> "ClusterPipeline":
        """A pipeline to several nodes; MULTI across nodes does not exist."""
        if transaction:
            raise ValueError("no transaction spans the nodes of a cluster")
        return ClusterPipeline(self)

    def pubsub(self, **options: Any) -> Any:
        """A subscription on one node, in turn: messages published on any node reach all of them."""
        return self.server(self._next()).pubsub(**options)

    def finishing(self) -> "ClusterPipeline":
        """A pipeline like any other."""
        return self.pipeline(transaction=False)

    async def url_of(self, partition: int) -> str:
        """The URL of the node that holds a partition."""
        return self.topology.url(await self.topology.owner(partition_slot(partition)))

    def any_server(self) -> str:
        """The URL of one node, in turn."""
        return self.topology.url(self._next())

    def _next(self) -> Node:
        self._turn += 1
        nodes = self.topology.nodes
        return nodes[self._turn % len(nodes)]

    async def _anywhere(self, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        failure: Exception | None = None
        for _ in self.topology.nodes:
            try:
                return await self.server(self._next()).execute_command(*args, **options)
            except _AWAY as error:
                failure = error
                self.topology.doubt()
        raise failure or RedisConnectionError("no node")


class ClusterPipeline(_Commands):
    """Commands split by node and sent in parallel; only the part of an unreachable node fails."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client
        self._stack: list[Command] = []

    def execute_command(self, *args: Any, **options: Any) -> "ClusterPipeline":
        """Queue a command; `execute` sends it."""
        self._stack.append((args, options))
        return self

    async def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        """The replies. Without `raise_on_error` an error takes the place of its reply."""
        stack, self._stack = self._stack, []
        seen = self._client.topology.version
        replies: list[Any] = [None] * len(stack)
        parts = await self._split(stack, replies)
        await asyncio.gather(
            *(self._run(node, places, stack, replies) for node, places in parts.items())
        )
        for place, reply in enumerate(replies):
            if isinstance(reply, AskError):
                replies[place] = await self._follow(reply, seen, stack[place])
        if raise_on_error:
            failure = next((r for r in replies if isinstance(r, Exception)), None)
            if failure is not None:
                raise failure
        return replies

    async def _split(self, stack: Sequence[Command], replies: list[Any]) -> dict[Node, list[int]]:
        """Indexes into the stack by node. Commands without a key go with the first that has one."""
        slots = [slot_of(args) for args, _ in stack]
        first = next((s for s in slots if s is not None), 0)
        parts: dict[Node, list[int]] = {}
        for place, slot in enumerate(slots):
            try:
                node = await self._client.topology.owner(first if slot is None else slot)
            except RedisConnectionError as error:
                replies[place] = error
            else:
                parts.setdefault(node, []).append(place)
        return parts

    async def _run(
        self, node: Node, places: list[int], stack: Sequence[Command], replies: list[Any]
    ) -> None:
        pipeline = self._client.server(node).pipeline(transaction=False)
        for place in places:
            args, options = stack[place]
            pipeline.execute_command(*args, **options)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except _AWAY as error:
            self._client.topology.doubt()
            answers = [error] * len(places)
        for place, reply in zip(places, answers, strict=True):
            replies[place] = reply

    async def _follow(self, error: AskError, seen: int, command: Command) -> Any:
        try:
            return await self._client.follow(error, seen, command)
        except (RedisError, OSError, TimeoutError) as failure:
            return failure


def slot_of(args: tuple[Any, ...]) -> int | None:
    """The slot of the first key of ours in a command; its other keys have the same hash tag."""
    for part in args:
        if isinstance(part, str) and part.startswith(_TAGGED):
            return int(key_slot(part.encode()))
        if isinstance(part, bytes) and part.startswith(_TAGGED_BYTES):
            return int(key_slot(part))
    return None
