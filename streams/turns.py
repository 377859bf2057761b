"""The order of commits when a consumer works on several batches at once (ADR 0101, 0210).

Some are written while the next is decided on top of what they will leave. Commits happen in order;
what was decided on a batch that failed is thrown away and decided again.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any


class OverturnedError(Exception):
    """The batch before, on top of which this one was decided, did not commit as it was decided."""


class Turn:
    """The place of one batch. The handler calls `decided`, `to_commit`, `committed` in this order,
    or `alone` first.
    """

    def __init__(
        self,
        before: "Turn | None" = None,
        closing: Callable[[], None] = lambda: None,
        *,
        has_shift: bool = False,
    ) -> None:
        """Without `before` nothing has to be waited for. `closing` is called before the commit.

        `has_shift`: no other consumer writes meanwhile (`streams.shifts`).
        """
        self.has_shift = has_shift
        self._before = before
        self.closing = closing
        """To be called when the batch is about to commit: what the next one takes can be read."""
        self._left: Any = None
        self.is_ready = asyncio.Event()
        """Set when the next batch may begin."""
        self._fate: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._is_ended = asyncio.Event()

    async def to_decide(self) -> Sequence[Any]:
        """Wait until the batch before is decided; returns what those before leave that are not
        committed, the oldest first.
        """
        before = self._before
        if before is None:
            return ()
        await before.is_ready.wait()
        if before._is_ended.is_set():  # noqa: SLF001 - turns are one chain
            # What it overturned was decided before it was alone. This batch begins after it, or
            # each batch would overturn the next for ever.
            self._before = None
        lefts: list[Any] = []
        while before is not None and before._left is not None:  # noqa: SLF001 - commits are in order
            lefts.append(before._left)  # noqa: SLF001
            before = before._before  # noqa: SLF001
        return lefts[::-1]

    def decided(self, left: Any) -> None:
        """Everything is decided and `left` will not change: the next batch may build on it."""
        self._left = left
        self.is_ready.set()

    async def to_commit(self) -> None:
        """Wait until the batch before is committed. Raises `OverturnedError`."""
        if self._before is not None and not await asyncio.shield(self._before._fate):  # noqa: SLF001
            raise OverturnedError

    def committed(self) -> None:
        """This batch is committed as it was decided."""
        if not self._fate.done():
            self._fate.set_result(True)
        self._left = None

    async def alone(self) -> None:
        """Overturn the next batch, if it is decided already, and wait for the one before to end.

        No other batch is in the middle of anything until `end`.
        """
        self.is_ready.clear()
        self._left = None
        if not self._fate.done():
            self._fate.set_result(False)
        await self.before_ended()

    async def before_ended(self) -> None:
        """Wait until the batch before has handed on everything."""
        if self._before is not None:
            await self._before._is_ended.wait()  # noqa: SLF001
            self._before = None

    def end(self) -> None:
        """The batch is done: committed, and what follows the commit is queued."""
        self.committed()
        self.is_ready.set()
        self._is_ended.set()
