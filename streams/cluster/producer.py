"""Appends in a cluster: one lane per node that holds partitions."""

import asyncio
from collections import defaultdict
from functools import partial
from typing import Final

from redis.exceptions import ConnectionError as RedisConnectionError

from streams.cluster.addresses import Node
from streams.cluster.topology import Topology, partition_slot
from streams.commands import NOTHING_BESIDE, Beside, VerifyPartitions
from streams.errors import MOVED, FateUnknown, StreamUnavailable
from streams.producer import Lane

_NODE_AWAY: Final = {
    "redis_unreachable",
    "redis_cluster_down",
    "redis_read_only",
    "redis_no_replicas",
}


class ClusterProducer:
    """One `Lane` per node: an unreachable node refuses only its own partitions."""

    def __init__(
        self,
        topology: Topology,
        verify: VerifyPartitions,
        *,
        partition_count: int,
        min_replicas: int = 0,
    ) -> None:
        """`verify` is called with the partitions that a new connection serves."""
        self._topology = topology
        self._verify = verify
        self._min_replicas = min_replicas
        self._slots = [partition_slot(partition) for partition in range(partition_count)]
        self._lanes: dict[Node, Lane] = {}
        self._verified: defaultdict[Node, set[int]] = defaultdict(set)
        self._gaining = asyncio.Lock()

    async def start(self) -> None:
        """Lanes start when first used."""

    async def stop(self) -> None:
        """Send what is waiting, then close."""
        for lane in self._lanes.values():
            await lane.stop()

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
        """See `Lane.append`. After MOVED, which wrote nothing, the right node is tried once."""
        seen = self._topology.version
        try:
            return await self._append(
                partition, operation_id, payload, marker, stream=stream, beside=beside
            )
        except StreamUnavailable as error:
            if error.reason in _NODE_AWAY:
                self._topology.doubt()
            if error.reason != MOVED:
                raise
        except FateUnknown:
            self._topology.doubt()
            raise
        await self._topology.refresh(seen)
        return await self._append(
            partition, operation_id, payload, marker, stream=stream, beside=beside
        )

    async def _append(
        self,
        partition: int,
        operation_id: str,
        payload: bytes,
        marker: bytes,
        *,
        stream: str = "",
        beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        lane = await self._lane(partition)
        return await lane.append(
            partition, operation_id, payload, marker, stream=stream, beside=beside
        )

    async def _lane(self, partition: int) -> Lane:
        try:
            node = await self._topology.owner(self._slots[partition])
        except RedisConnectionError as error:
            raise StreamUnavailable("redis_unreachable", str(error)) from error
        lane = self._lanes.get(node)
        if lane is None:
            lane = self._lanes[node] = Lane(
                self._topology.url(node),
                partial(self._verify_node, node),
                min_replicas=self._min_replicas,
            )
            await lane.start()
        elif partition not in self._verified[node]:
            await self._verify_gained(node, partition)
        return lane

    async def _verify_node(self, node: Node) -> None:
        """Verify everything the node holds on a new connection."""
        held = [p for p, slot in enumerate(self._slots) if self._topology.known_owner(slot) == node]
        await self._verify(held)
        self._verified[node] = set(held)

    async def _verify_gained(self, node: Node, partition: int) -> None:
        """Verify a partition that moved to a node we are connected to, possibly by a failover."""
        async with self._gaining:
            if partition not in self._verified[node]:
                await self._verify([partition])
                for verified in self._verified.values():
                    verified.discard(partition)
                self._verified[node].add(partition)
