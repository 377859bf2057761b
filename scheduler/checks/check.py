"""An invariant: a name, the sentence it proves, and a function that lists contradictions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from payments.kernel.database import Connection
from streams.rollback import View

if TYPE_CHECKING:
    from asyncpg import Record

BREACHES_MAX: Final = 20
"""How many breaches of one check are listed: enough to see what is wrong."""

QUERY_TIMEOUT_S: Final = 3600.0


class Breach(msgspec.Struct, frozen=True):
    """One contradiction: `subject` names the thing (`account wallet:17`), `detail` the problem."""

    subject: str
    detail: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take before they count as broken."""

    undecided_s: float = 60.0
    parked_s: float = 3600.0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may read: one REPEATABLE READ state of PostgreSQL, and Redis.

    `since`: only data recorded from then on need to be checked; None means everything.
    """

    connection: Connection
    redis: Any
    now: datetime
    since: datetime | None = None
    limits: Limits = Limits()
    seen: Mapping[int, View] = {}
    """Positions in Redis before this state of PostgreSQL was taken, by partition."""

    async def rows(self, query: str, *arguments: Any) -> "Sequence[Record]":
        """The rows of a query, with a timeout of QUERY_TIMEOUT_S."""
        return await self.connection.fetch(query, *arguments, timeout=QUERY_TIMEOUT_S)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant.

    `is_warning`: a breach needs attention but no money is wrong. `is_audit_only`: it has no cheap
    form, so the frequent run leaves it to the full audit.
    """

    name: str
    proves: str
    run: Callable[[Snapshot], Awaitable[list[Breach]]]
    is_warning: bool = False
    is_audit_only: bool = False


def breaches_of(query: str, noun: str) -> Callable[[Snapshot], Awaitable[list[Breach]]]:
    """A check that lists a query's rows: `id` identifies a `noun`, `detail` is the problem."""

    async def run(snapshot: Snapshot) -> list[Breach]:
        rows = await snapshot.rows(query)
        return [Breach(f"{noun} {row['id']}", row["detail"]) for row in rows]

    return run
