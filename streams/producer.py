"""Appends durably. Concurrent appends share a pipeline, because every write waits for an fsync."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from streams import partitions
from streams.commands import NOTHING_BESIDE, Beside
from streams.errors import FateUnknown, StreamUnavailable, refusal
from streams.link import Link, connect_link, pack
from streams.tasks import end

_PIPELINE_MAX: Final = 256
MARKER_TTL_S: Final = 7 * 24 * 3600
"""Markers are deleted when their operation is decided; this bounds what a bug
could leave behind.
"""

_XADD: Final = b"".join(
    (
        b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n",
        b"$%d\r\n" % len(partitions.FIELD),
        partitions.FIELD,
        b"\r\n$%d\r\n%b\r\n",
    )
)
_SET: Final = b"".join(
    (
        b"*6\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nEX\r\n",
        b"$%d\r\n%d\r\n$2\r\nNX\r\n" % (len(str(MARKER_TTL_S)), MARKER_TTL_S),
    )
)
_PING: Final = pack(b"PING")
"""Commands with their arguments left out: to pack them part by part took 2 us a request."""

_REPLICAS_WAIT_MS: Final = 1000
"""How long replicas may take to have an append before its outcome counts as unknown."""

Verify = Callable[[], Awaitable[None]]


class _Append(msgspec.Struct):
    commands: bytes
    reply_count: int
    marker_keys: list[bytes]
    """Its own, then those of a bulk's items."""
    undo: bytes
    """The command that takes back what else was set."""
    done: "asyncio.Future[bytes | None]"


class Lane:
    """One connection; appends that arrive while a pipeline is in flight go with the next."""

    def __init__(self, url: str, verify: Verify, *, min_replicas: int = 0) -> None:
        """`url`: the server. An append counts when `min_replicas` replicas have it too.

        `verify` runs on every new connection before anything is sent: there may be another Redis
        behind it, or the same one restored from an older state. It raises `StreamUnavailable` when
        nothing may be appended.
        """
        self._url = url
        self._wire: Link | None = None
        self._verify = verify
        self._min_replicas = min_replicas
        self._waiting: list[_Append] = []
        self._wake = asyncio.Event()
        # In the same pipeline: WAIT covers the earlier writes of the same connection.
        self._wait = (
            pack(b"WAIT", b"%d" % min_replicas, b"%d" % _REPLICAS_WAIT_MS) if min_replicas else b""
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the sending task."""
        self._task = asyncio.create_task(self._run(), name="stream-producer")

    async def stop(self) -> None:
        """Send what is waiting, then close."""
        # Polling is good enough: it happens once, at the end.
        while self._waiting and self._task is not None and not self._task.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await end(self._task)
        if self._wire is not None:
            self._wire.close()

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
        """Append the payload; returns the marker of an earlier append, None for the first one.

        `stream` names another stream of the partition; without an operation id no marker is set.
        `beside`: what is set for a bulk's items.
        Raises `StreamUnavailable` (nothing written) or `FateUnknown` (written or not).
        """
        key = partitions.marker(partition, operation_id).encode()
        name = (stream or partitions.intents(partition)).encode()
        # Two replies at least, so that replies can be assigned to appends.
        commands = [
            _XADD % (len(name), name, len(payload), payload),
            _marking(key, marker) if operation_id else _PING,
        ]
        keys = [key]
        for item, its_marker in beside.markers:
            keys.append(partitions.marker(partition, item).encode())
            commands.append(_marking(keys[-1], its_marker))
        undo = b""
        if beside.places:
            places = partitions.places(partition).encode()
            commands.append(pack(b"HSET", places, *beside.places))
            undo = pack(b"HDEL", places, *beside.places[::2])
        done: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Append(b"".join(commands), len(commands), keys, undo, done))
        self._wake.set()
        return await done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = self._waiting[:_PIPELINE_MAX]
            del self._waiting[:_PIPELINE_MAX]
            if not self._waiting:
                self._wake.clear()
            await self._send(batch)

    async def _connected(self) -> Link:
        """A connection that is alive and verified."""
        if self._wire is not None and not self._wire.is_lost:
            return self._wire
        self._wire = None
        try:
            link = await connect_link(self._url)
        except (RedisError, OSError, TimeoutError) as error:
            raise StreamUnavailable("redis_unreachable", repr(error)[:200]) from error
        try:
            await self._verify()
        except BaseException as error:
            link.close()
            if isinstance(error, RedisError | OSError | TimeoutError):
                raise StreamUnavailable("redis_unreachable", repr(error)[:200]) from error
            raise
        self._wire = link
        return link

    async def _send(self, batch: list[_Append]) -> None:
        try:
            link = await self._connected()
        except StreamUnavailable as error:
            _fail(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - callers must learn of any failure, or they wait for ever
            _fail(batch, StreamUnavailable("cannot_verify", repr(error)[:200]))
            return
        try:
            commands = b"".join([a.commands for a in batch]) + self._wait
            count = sum([a.reply_count for a in batch]) + bool(self._min_replicas)
            replies = await link.send(commands, count)
            places = list(accumulate([a.reply_count for a in batch], initial=0))[:-1]
            added, was_set = [replies[n] for n in places], [replies[n + 1] for n in places]
            repeated = [a for a, set_ in zip(batch, was_set, strict=True) if set_ is None]
            markers = await _read_markers(link, repeated)
            await _forget_markers(link, batch, places, replies)
        except BaseException as error:
            link.close()
            _fail(batch, FateUnknown(repr(error)[:200]))
            if not isinstance(error, RedisError | OSError | TimeoutError):
                raise
        else:
            unknown = self._too_few(replies[-1])
            for append, id_, set_ in zip(batch, added, was_set, strict=True):
                if unknown and not isinstance(id_, RedisError):
                    _fail([append], FateUnknown(unknown))
                else:
                    _resolve(append, id_, set_, markers.get(append.marker_keys[0]))

    def _too_few(self, replica_count: Any) -> str | None:
        """Why an append may still be lost with this server, or None."""
        if not self._min_replicas or (
            isinstance(replica_count, int) and replica_count >= self._min_replicas
        ):
            return None
        return f"{replica_count!r} replicas have it, {self._min_replicas} must"[:200]


async def _read_markers(link: Link, repeated: list[_Append]) -> dict[bytes, bytes]:
    """Markers of the earlier appends of repeated operations; rare, so not part
    of every pipeline.
    """
    if not repeated:
        return {}
    commands = b"".join([pack(b"GET", a.marker_keys[0]) for a in repeated])
    replies = await link.send(commands, len(repeated))
    keys = [a.marker_keys[0] for a in repeated]
    return {key: v for key, v in zip(keys, replies, strict=True) if isinstance(v, bytes)}


async def _forget_markers(
    link: Link, batch: list[_Append], places: Sequence[int], replies: Sequence[Any]
) -> None:
    """Delete what was set beside entries that were refused. `places`: of their replies.

    A full Redis may refuse the entry and then accept its marker. Seen by `payments torture`: the
    marker stayed, and the audit reported an operation that was never accepted.
    """
    orphaned: list[bytes] = []
    commands: list[bytes] = []
    for append, place in zip(batch, places, strict=True):
        if not isinstance(replies[place], RedisError):
            continue
        set_ = replies[place + 1 : place + 1 + len(append.marker_keys)]
        orphaned += [k for k, reply in zip(append.marker_keys, set_, strict=True) if reply == b"OK"]
        if append.undo and set_[0] == b"OK":  # else an earlier request has set the same
            commands.append(append.undo)
    if orphaned:
        commands.append(pack(b"DEL", *orphaned))
    if commands:
        await link.send(b"".join(commands), len(commands))


def _marking(key: bytes, marker: bytes) -> bytes:
    return _SET % (len(key), key, len(marker), marker)


def _resolve(append: _Append, added: Any, was_set: Any, earlier: bytes | None) -> None:
    if append.done.done():
        return
    if isinstance(added, RedisError):
        append.done.set_exception(refusal(added))
    elif was_set is None:
        # A marker that has disappeared was deleted with the decision; it is a repeat all the same.
        append.done.set_result(earlier)
    else:
        append.done.set_result(None)


def _fail(batch: list[_Append], error: Exception) -> None:
    for append in batch:
        if not append.done.done():
            append.done.set_exception(error)
