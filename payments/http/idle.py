"""Closes idle connections. A timer for each request cost two microseconds, so one serves many."""

import asyncio
from collections.abc import Callable


class IdleTimer:
    """Calls `close` when the connection was idle for too long."""

    def __init__(self, loop: asyncio.AbstractEventLoop, close: Callable[[], None]) -> None:
        """One instance per connection."""
        self._loop = loop
        self._close = close
        self._until_s: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    def wait(self, seconds: float) -> None:
        """The connection is idle from now on; close it after this many seconds."""
        self._until_s = self._loop.time() + seconds
        if self._handle is not None and self._handle.when() > self._until_s:
            self._handle.cancel()
            self._handle = None
        if self._handle is None:
            self._handle = self._loop.call_at(self._until_s, self._look)

    def stop(self) -> None:
        """The connection is in use."""
        self._until_s = None

    def end(self) -> None:
        """The connection is gone."""
        self._until_s = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        self._handle = None
        if self._until_s is None:
            return
        if self._loop.time() >= self._until_s:
            self._close()
        else:
            self._handle = self._loop.call_at(self._until_s, self._look)
