"""What may go wrong with Redis, and whether an entry can have got in."""

from typing import Final

import redis.exceptions


class StreamUnavailable(Exception):
    """Nothing was written: Redis refused or was out of reach. `reason` is one word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """`reason` labels metrics, `detail` is for people."""
        self.reason = reason
        super().__init__(detail or reason)


class FateUnknown(Exception):
    """The command went out and no reply came back: the entry may be in the stream or not."""


FAILURES: Final = (redis.exceptions.RedisError, OSError, TimeoutError)
"""Whatever a command may raise: refused, unreachable, too late."""

MOVED: Final = "redis_moved"
"""The partition lives on another node of the cluster: nothing was written; ask the right one."""

_REFUSALS: Final = {
    "OOM": "redis_out_of_memory",
    "MISCONF": "redis_cannot_persist",
    "LOADING": "redis_loading",
    "READONLY": "redis_read_only",
    "NOAUTH": "redis_no_auth",
    "WRONGPASS": "redis_no_auth",
    "BUSY": "redis_busy",
    "CLUSTERDOWN": "redis_cluster_down",
    "TRYAGAIN": "redis_cluster_down",
    "MASTERDOWN": "redis_no_master",
    "NOREPLICAS": "redis_no_replicas",
}


def refusal(error: redis.exceptions.RedisError) -> StreamUnavailable:
    """The reply with which Redis turned a write away, in our words."""
    text = str(error)
    word = text.split(" ", 1)[0]
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "maxmemory" in text:
        word = "OOM"
    elif isinstance(error, redis.exceptions.BusyLoadingError):
        word = "LOADING"
    elif isinstance(error, redis.exceptions.ReadOnlyError):
        word = "READONLY"
    elif isinstance(error, redis.exceptions.AskError):  # MOVED is one
        return StreamUnavailable(MOVED, text[:200])
    elif isinstance(error, redis.exceptions.ClusterDownError | redis.exceptions.TryAgainError):
        word = "CLUSTERDOWN"
    return StreamUnavailable(_REFUSALS.get(word, "redis_refused"), text[:200])
