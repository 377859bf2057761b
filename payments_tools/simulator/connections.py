"""Open TCP connections by peer address, so that a misbehaviour can cut one without a response.

ASGI cannot close a connection, so the server's protocol class registers each transport here.
"""

import asyncio

import msgspec
from litestar.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(msgspec.Struct, frozen=True):
    """An open connection; `lost` is set once the server knows that it is closed."""

    transport: asyncio.Transport
    lost: asyncio.Event


Connections = dict[tuple[str, int], Connection]


def tracking_protocol(connections: Connections) -> type[H11Protocol]:
    """The HTTP protocol of uvicorn; it registers each open connection in `connections`."""

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
    """Close the request's connection; False if the server does not register connections."""
    client = scope["client"]
    connection = connections.get(client) if client is not None else None
    if connection is None:
        return False
    connection.transport.abort()
    # From then on uvicorn drops the response, because the client is gone.
    await connection.lost.wait()
    return True
