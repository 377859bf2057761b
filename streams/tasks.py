"""Cancels background tasks reliably."""

import asyncio
from typing import Any, Final

_AGAIN_EVERY_S: Final = 0.3


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel the tasks until they have ended.

    One cancellation is not enough: redis-py swallows one that coincides with a timeout, and the
    caller would wait for ever (seen when a PostgreSQL session was killed under load).
    """
    living = {task for task in tasks if task is not None and not task.done()}
    while living:
        for task in living:
            task.cancel()
        _, living = await asyncio.wait(living, timeout=_AGAIN_EVERY_S)
    for ended in tasks:
        if ended is not None and not ended.cancelled():
            ended.exception()  # retrieved: an earlier failure of a task we end is irrelevant
