"""Errors of Redis, and whether the entry can have been written."""

from typing import Final

import redis.exceptions


class StreamUnavailable(Exception):
    """Nothing was written: Redis refused or could not be reached. `reason` is one word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """`reason` is a metric label, `detail` is for people."""
        self.reason = reason
        super().__init__(detail or reason)


class FateUnknown(Exception):
    """The command was sent and no reply came back: the entry may or may not be in the stream."""


FAILURES: Final = (redis.exceptions.RedisError, OSError, TimeoutError)
"""All errors a command may raise: refused, unreachable, timed out."""

MOVED: Final = "redis_moved"
"""The partition is on another node of the cluster: nothing was written; retry there."""

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
    """The error for a reply with which Redis refused a write."""
    text = str(error)
    word = text.split(" ", 1)[0]
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "maxmemory" in text:
        word = "OOM"
    elif isinstance(error, redis.exceptions.BusyLoadingError):
        word = "LOADING"
    elif isinstance(error, redis.exceptions.ReadOnlyError):
        word = "READONLY"
    elif isinstance(error, redis.exceptions.AskError):  # the base class of MovedError
        return StreamUnavailable(MOVED, text[:200])
    elif isinstance(error, redis.exceptions.ClusterDownError | redis.exceptions.TryAgainError):
        word = "CLUSTERDOWN"
    return StreamUnavailable(_REFUSALS.get(word, "redis_refused"), text[:200])
