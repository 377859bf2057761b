"""Open TCP connections by peer address: a misbehaviour cuts one without a byte of an answer.

ASGI has no way to hang up; the server's protocol class registers each transport here.
"""

import asyncio

import msgspec
from litestar.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(msgspec.Struct, frozen=True):
    """One open connection; `lost` is set once the server has been told that it is gone."""

    transport: asyncio.Transport
    lost: asyncio.Event


Connections = dict[tuple[str, int], Connection]


def tracking_protocol(connections: Connections) -> type[H11Protocol]:
    """The HTTP protocol of uvicorn, writing each open connection into `connections`."""

    class TrackingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None:
                connections[self.client] = Connection(transport, asyncio.Event())

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            gone = connections.pop(self.client, None) if self.client is not None else None
            if gone is not None:
                gone.lost.set()

    return TrackingProtocol


async def cut(connections: Connections, scope: Scope) -> bool:
    """Hang up on the caller of this request; False if the server does not register connections."""
    client = scope["client"]
    connection = connections.get(client) if client is not None else None
    if connection is None:
        return False
    connection.transport.abort()
    # From then on uvicorn knows that nobody listens, and drops whatever we answer.
    await connection.lost.wait()
    return True
