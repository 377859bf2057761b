"""Appending in a cluster: a lane to each node that holds partitions."""

from collections.abc import Sequence
from typing import Final

from redis.exceptions import ConnectionError as RedisConnectionError

from streams.errors import MOVED, FateUnknown, StreamUnavailable
from streams.producer import Lane, VerifyPartitions
from streams.topology import Topology, partition_slot

_NODE_AWAY: Final = {
    "redis_unreachable",
    "redis_cluster_down",
    "redis_read_only",
    "redis_no_replicas",
}


class ClusterProducer:
    """A `Lane` a node: one that is away turns its own partitions away and no other's."""

    def __init__(
        self,
        topology: Topology,
        verify: VerifyPartitions,
        *,
        partition_count: int,
        min_replicas: int = 0,
    ) -> None:
        """`verify` is told which partitions the new connection is for."""
        self._topology = topology
        self._verify = verify
        self._min_replicas = min_replicas
        self._slots = [partition_slot(partition) for partition in range(partition_count)]
        self._lanes: dict[str, Lane] = {}

    async def start(self) -> None:
        """Lanes begin when they are first needed."""

    async def stop(self) -> None:
        """Send what is waiting, then close."""
        for lane in self._lanes.values():
            await lane.stop()

    def neighbours(self, partition: int) -> Sequence[int]:
        """The partitions on the same node."""
        node = self._topology.known_owner(self._slots[partition])
        return [p for p, slot in enumerate(self._slots) if self._topology.known_owner(slot) == node]

    async def append(
        self, partition: int, operation_id: str, payload: bytes, marker: bytes
    ) -> bytes | None:
        """As `Lane.append`. MOVED wrote nothing: the right node is tried, once."""
        seen = self._topology.version
        try:
            return await self._append(partition, operation_id, payload, marker)
        except StreamUnavailable as error:
            if error.reason in _NODE_AWAY:
                self._topology.doubt()
            if error.reason != MOVED:
                raise
        except FateUnknown:
            self._topology.doubt()
            raise
        await self._topology.refresh(seen)
        return await self._append(partition, operation_id, payload, marker)

    async def _append(
        self, partition: int, operation_id: str, payload: bytes, marker: bytes
    ) -> bytes | None:
        lane = await self._lane(partition)
        return await lane.append(partition, operation_id, payload, marker)

    async def _lane(self, partition: int) -> Lane:
        try:
            node = await self._topology.owner(self._slots[partition])
        except RedisConnectionError as error:
            raise StreamUnavailable("redis_unreachable", str(error)) from error
        url = self._topology.url(node)
        lane = self._lanes.get(url)
        if lane is None:

            async def verify() -> None:
                held = [
                    p
                    for p, slot in enumerate(self._slots)
                    if self._topology.known_owner(slot) == node
                ]
                await self._verify(held)

            lane = self._lanes[url] = Lane(url, verify, min_replicas=self._min_replicas)
            await lane.start()
        return lane
