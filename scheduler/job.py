"""What a job is, and what it may use."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.operations.submit import Submitter

ACTOR: Final = "scheduler"
"""Who submitted, in the operations that jobs ask for."""

ToolT = TypeVar("ToolT")


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What jobs work with. `others`: clients that only some jobs need, by their type."""

    engine: AsyncEngine
    redis: Any
    submitter: Submitter
    clock: Clock
    database_url: str
    redis_url: str
    others: dict[type[Any], Any] = {}

    def tool(self, type_: type[ToolT]) -> ToolT:
        """A client the composition root added: a provider's, a mailer."""
        found = self.others[type_]
        if not isinstance(found, type_):
            raise TypeError(f"the tool for {type_} is a {type(found)}")
        return found

    def __repr__(self) -> str:
        """Without the URLs, which hold passwords."""
        return "Tools(...)"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something done every `every_s` seconds: `run` returns how many things it dealt with.

    What is due is data: a run that is missed, repeated or cut short is made good by the next one.
    `is_everywhere`: it only reads and reports, so each replica does it for its own metrics.
    """

    id: str
    every_s: int
    run: Callable[[Tools], Awaitable[int]]
    timeout_s: float = 300.0
    is_everywhere: bool = False

    def slot(self, now: datetime) -> datetime:
        """The run that is due: the time, cut to a whole number of intervals since 1970."""
        seconds = int(now.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.every_s, UTC)
