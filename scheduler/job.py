"""A job, and the tools it may use."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.operations.submit import Submitter

ACTOR: Final = "scheduler"
"""The actor of operations that jobs submit."""

ToolT = TypeVar("ToolT")


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs work with. `others`: clients that only some jobs need, by type."""

    engine: AsyncEngine
    redis: Any
    submitter: Submitter
    clock: Clock
    database_url: str
    redis_url: str
    others: dict[type[Any], Any] = {}

    def tool(self, type_: type[ToolT]) -> ToolT:
        """A client added by the composition root, e.g. of a provider."""
        client = self.others[type_]
        if not isinstance(client, type_):
            raise TypeError(f"the tool for {type_} is a {type(client)}")
        return client

    def __repr__(self) -> str:
        """Hides the URLs, which contain passwords."""
        return "Tools(...)"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A task run every `every_s` seconds; `run` returns how many things it handled.

    What is due is determined by data, so a missed, repeated or interrupted run is made up for by
    the next one. `is_everywhere`: it only reads and reports, so each replica runs it for its own
    metrics.
    """

    id: str
    every_s: int
    run: Callable[[Tools], Awaitable[int]]
    timeout_s: float = 300.0
    is_everywhere: bool = False

    def slot(self, now: datetime) -> datetime:
        """The run that is due: the time, rounded down to a multiple of the interval since 1970."""
        seconds = int(now.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.every_s, UTC)
