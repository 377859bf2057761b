"""Ending background tasks for certain."""

import asyncio
from typing import Any, Final

_AGAIN_EVERY_S: Final = 0.3


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel the tasks until they have ended.

    Once is not enough: a cancellation that meets a time-out inside redis-py is swallowed there, and
    whoever awaits the task then waits for ever (seen when a PostgreSQL session was killed under
    load).
    """
    living = {task for task in tasks if task is not None and not task.done()}
    while living:
        for task in living:
            task.cancel()
        _, living = await asyncio.wait(living, timeout=_AGAIN_EVERY_S)
    for ended in tasks:
        if ended is not None and not ended.cancelled():
            ended.exception()  # seen: how a task that we end had ended before is of no interest
