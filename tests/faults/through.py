"""A server behind a proxy that misbehaves, for as long as a test needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from payments_tools.torture.addresses import (
    database_target,
    database_through,
    redis_target,
    redis_through,
)
from payments_tools.torture.proxy import Proxy


@asynccontextmanager
async def redis_behind(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before this Redis, and the URL that goes through it."""
    proxy = Proxy(redis_target(url))
    await proxy.start()
    try:
        yield proxy, redis_through(url, proxy.port)
    finally:
        await proxy.stop()


@asynccontextmanager
async def database_behind(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before this PostgreSQL, and the URL that goes through it."""
    proxy = Proxy(database_target(url))
    await proxy.start()
    try:
        yield proxy, database_through(url, proxy.port)
    finally:
        await proxy.stop()
