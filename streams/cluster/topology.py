"""Which node of a cluster holds which slots; refreshed when a node fails or redirects."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from streams import partitions
from streams.cluster.addresses import Cluster, Node
from streams.server_client import create_server_client

_ASK_TIMEOUT_S: Final = 1.0
_AGAIN_AFTER_S: Final = 0.25
_log = structlog.get_logger(__name__)


class Topology:
    """The owners of all slots, as last reported by a reachable node."""

    def __init__(self, cluster: Cluster) -> None:
        """Nothing is requested before the first use."""
        self._cluster = cluster
        self._nodes: list[Node] = list(cluster.seeds)
        self._ranges: list[tuple[int, int, Node]] = []
        self._is_doubted = True
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self.version = 0

    @property
    def nodes(self) -> Sequence[Node]:
        """Every master that holds slots; the seeds until the first answer."""
        return self._nodes

    def url(self, node: Node) -> str:
        return self._cluster.url(node)

    def doubt(self) -> None:
        """A node failed: refresh before the next use, at most every _AGAIN_AFTER_S."""
        self._is_doubted = True

    def known_owner(self, slot: int) -> Node | None:
        """The last known owner, without a request."""
        return next((node for first, last, node in self._ranges if first <= slot <= last), None)

    async def owner(self, slot: int) -> Node:
        """The node that holds a slot. Raises `ConnectionError` when none is known."""
        if self._is_doubted and not (self._ranges and self._asking.locked()):
            await self._ask_again()
        node = self.known_owner(slot)
        if node is None:
            raise RedisConnectionError(
                f"no reachable node of the cluster knows who holds slot {slot}"
            )
        return node

    async def refresh(self, seen: int) -> None:
        """Refresh now, unless another caller has since `version` was `seen`."""
        async with self._asking:
            if self.version == seen:
                await self._ask()

    async def _ask_again(self) -> None:
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._is_doubted and now >= self._asked_at + _AGAIN_AFTER_S:
                self._asked_at = now
                await self._ask()

    async def _ask(self) -> None:
        for node in (*self._nodes, *(s for s in self._cluster.seeds if s not in self._nodes)):
            try:
                ranges = await self._ask_node(node)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("cluster_node_silent", node=name(node), error=repr(error)[:200])
            else:
                self._learn(ranges, asked=node)
                return

    async def _ask_node(self, node: Node) -> list[tuple[int, int, Node]]:
        client: Any = create_server_client(
            self.url(node),
            connections=1,
            socket_timeout=_ASK_TIMEOUT_S,
            socket_connect_timeout=_ASK_TIMEOUT_S,
        )
        try:
            reply = await client.execute_command("CLUSTER", "SLOTS")
        finally:
            await client.aclose()
        return sorted(_range(row, node) for row in reply)

    def _learn(self, ranges: list[tuple[int, int, Node]], asked: Node) -> None:
        if ranges != self._ranges:
            _log.info("cluster_learned", nodes=sorted({name(node) for _, _, node in ranges}))
        self._ranges = ranges
        # The node that answered is asked first the next time.
        self._nodes = sorted(
            {node for _, _, node in ranges}, key=lambda node: (node != asked, node)
        ) or [asked]
        self._is_doubted = False
        self.version += 1


def name(node: Node) -> str:
    """A node as `host:port`."""
    return f"{node[0]}:{node[1]}"


def partition_slot(partition: int) -> int:
    """The slot of all keys of a partition."""
    return int(key_slot(partitions.intents(partition).encode()))


def _range(row: Any, asked: Node) -> tuple[int, int, Node]:
    host = row[2][0].decode() if isinstance(row[2][0], bytes) else str(row[2][0] or "")
    # A node that does not know its own address is the one we reached.
    return int(row[0]), int(row[1]), (host or asked[0], int(row[2][1]))
