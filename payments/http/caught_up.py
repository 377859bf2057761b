"""A read sees everything accepted before it (ADR 0073).

It waits at most a second; after that it answers with `Payments-Stale: true`.
"""

from typing import Final, Protocol

from payments.http.services import Connection, service

STALE: Final = (b"payments-stale", b"true")
STALE_KEY: Final = "payments_stale"
"""Set in the scope of a request whose answer may be stale; `Reply` adds the header."""


class Accepted(Protocol):
    """Waits for accepted entries; implemented by `payments.reads.caught_up.CaughtUp`."""

    async def wait(self) -> bool:
        """True when everything accepted before this call is applied, False on timeout."""
        ...


async def wait_for_accepted(connection: Connection) -> None:
    """Wait until everything accepted before this request is applied; on timeout mark it stale."""
    if not await service(connection, Accepted).wait():  # type: ignore[type-abstract]
        note_stale(connection)


def note_stale(connection: Connection) -> None:
    """Mark the answer as possibly stale."""
    connection.scope[STALE_KEY] = True  # type: ignore[typeddict-unknown-key]


def is_stale(connection: Connection) -> bool:
    """True when something accepted before this request may not be applied yet."""
    return STALE_KEY in connection.scope
