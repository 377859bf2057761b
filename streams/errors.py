"""Errors of Redis, and whether the entry can have been written."""

import ssl
from collections.abc import Iterator
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


def is_for_good(error: BaseException) -> bool:
    """True when waiting does not cure it: one side does not accept the other's certificate."""
    return any(
        isinstance(cause, ssl.SSLCertVerificationError)
        or (isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""))
        for cause in _causes(error)
    )


def trouble_in_words(error: BaseException) -> str:
    """Why a server cannot be used, in one line without secrets."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of the server is not accepted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or str(cause)).replace("_", " ").lower()
            return f"no TLS with this server: {reason}"
        if isinstance(cause, redis.exceptions.AuthenticationError):
            return "the server refuses the user or the password"
    *_, first = _causes(error)
    if isinstance(first, OSError) and first.strerror:
        return first.strerror
    return (str(first) or type(first).__name__).partition("\n")[0]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


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
