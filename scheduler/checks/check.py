"""What an invariant is: a name, a sentence it proves, a function that lists what contradicts it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from payments.kernel.database import Connection
from streams.rollback import View

if TYPE_CHECKING:
    from asyncpg import Record

BREACHES_MAX: Final = 20
"""How many breaches of one check are listed: enough to see what is wrong, whatever its size."""

QUERY_TIMEOUT_S: Final = 3600.0


class Breach(msgspec.Struct, frozen=True):
    """One contradiction: `subject` names the thing (`account wallet:17`), `detail` the trouble."""

    subject: str
    detail: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take before they count as broken."""

    undecided_s: float = 60.0
    parked_s: float = 3600.0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may look at: one REPEATABLE READ state of PostgreSQL, and Redis.

    `since`: only what was recorded from then on needs to be looked at; None looks at everything.
    """

    connection: Connection
    redis: Any
    now: datetime
    since: datetime | None = None
    limits: Limits = Limits()
    seen: Mapping[int, View] = {}
    """Where Redis stood before this state of PostgreSQL was taken, by partition."""

    async def rows(self, query: str, *arguments: Any) -> "Sequence[Record]":
        """The rows of a query, however long it takes."""
        return await self.connection.fetch(query, *arguments, timeout=QUERY_TIMEOUT_S)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant.

    `is_warning`: a breach wants attention but no money is wrong. `is_audit_only`: it has no cheap
    form, so the frequent run leaves it to the full audit.
    """

    name: str
    proves: str
    run: Callable[[Snapshot], Awaitable[list[Breach]]]
    is_warning: bool = False
    is_audit_only: bool = False


def breaches_of(query: str, noun: str) -> Callable[[Snapshot], Awaitable[list[Breach]]]:
    """A run that lists a query's rows: `id` names a thing (`noun`), `detail` the trouble."""

    async def run(snapshot: Snapshot) -> list[Breach]:
        rows = await snapshot.rows(query)
        return [Breach(f"{noun} {row['id']}", row["detail"]) for row in rows]

    return run
