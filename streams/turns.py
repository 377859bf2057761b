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
    """The place of one batch. The handler calls `loaded`, `decided`, `to_commit`, `committed` in
    this order, or `alone` first.
    """

    def __init__(
        self,
        before: "Turn | None" = None,
        closing: Callable[[], None] = lambda: None,
        *,
        shift: int = 0,
    ) -> None:
        """Without `before` nothing has to be waited for. `closing` is called before the commit.

        `shift`: the number of one in which no other consumer writes (`streams.shifts`), or 0.
        """
        self.shift = shift
        self._before = before
        self.closing = closing
        """To be called when the batch is about to commit: what the next one takes can be read."""
        self._left: Any = None
        self._rests_on: Sequence[Any] | None = None
        self.is_loaded = asyncio.Event()
        """Set when the next batch may begin."""
        self._is_settled = asyncio.Event()
        """Set when it is decided, or is not going to be before it is alone."""
        self._fate: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._is_ended = asyncio.Event()

    async def to_load(self) -> Sequence[Any]:
        """Wait until the batch before is loaded; returns what those before leave that are not
        committed, the oldest first. It still changes until they are decided.
        """
        before = self._before
        if self._rests_on is not None or before is None:
            return self._rests_on or ()
        await before.is_loaded.wait()
        if before._is_ended.is_set():  # noqa: SLF001 - turns are one chain
            # What it overturned was decided before it was alone. This batch begins after it, or
            # each batch would overturn the next for ever.
            self._before = None
        lefts: list[Any] = []
        one: Turn | None = before
        while one is not None and one._left is not None:  # noqa: SLF001 - commits are in order
            lefts.append(one._left)  # noqa: SLF001
            one = one._before  # noqa: SLF001
        self._rests_on = lefts[::-1]
        return self._rests_on

    async def to_decide(self) -> Sequence[Any]:
        """Wait until the batch before is decided; returns what `to_load` has, finished by now.

        Raises `OverturnedError`, so that what this batch has locked is free for the one before.
        """
        lefts = await self.to_load()
        before = self._before
        if before is not None:
            await before._is_settled.wait()  # noqa: SLF001
            if before._fate.done() and not before._fate.result():  # noqa: SLF001
                raise OverturnedError
        return lefts

    def loaded(self, left: Any) -> None:
        """What the batch needs is locked; deciding makes `left` of it, on which the next builds."""
        self._left = left
        self.is_loaded.set()

    def decided(self) -> None:
        """Everything is decided: what is left will not change."""
        self.is_loaded.set()
        self._is_settled.set()

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
        self.is_loaded.clear()
        self._left = None
        if not self._fate.done():
            self._fate.set_result(False)
        self._is_settled.set()
        await self.before_ended()

    async def before_ended(self) -> None:
        """Wait until the batch before has handed on everything."""
        if self._before is not None:
            await self._before._is_ended.wait()  # noqa: SLF001
            self._before = None

    def end(self) -> None:
        """The batch is done: committed, and what follows the commit is queued."""
        self.committed()
        self._rests_on = ()
        self._is_ended.set()
        self.decided()
