"""A read answers after all that was accepted before it (ADR 0073).

It waits a second at most; then it answers what there is, with `Payments-Stale: true`.
"""

from typing import Final, Protocol

from payments.http.services import Connection, service

STALE: Final = (b"payments-stale", b"true")
STALE_KEY: Final = "payments_stale"
"""Set in the scope of a request whose answer may be old; `Reply` adds the header."""


class Accepted(Protocol):
    """What stands in the streams; `payments.reads.caught_up.CaughtUp`."""

    async def wait(self) -> bool:
        """True when all that was accepted before this call is applied."""
        ...


async def wait_for_accepted(connection: Connection) -> None:
    """Wait until what was accepted before this request is applied, or note that it may not be."""
    if not await service(connection, Accepted).wait():  # type: ignore[type-abstract]
        note_stale(connection)


def note_stale(connection: Connection) -> None:
    """The answer says that it may be old."""
    connection.scope[STALE_KEY] = True  # type: ignore[typeddict-unknown-key]


def is_stale(connection: Connection) -> bool:
    """True when something accepted before this request may not be applied yet."""
    return STALE_KEY in connection.scope
