"""The roles a benchmark of the whole needs, as processes of their own on servers of their own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx

from payments.embedded.servers import Servers
from payments.entrypoints.ports import free_port
from payments.kernel.clock import monotonic_s

READY_WITHIN_S: Final = 30
FIRST_PORT: Final = 18_400


class Role:
    """One process of `payments <role>`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        """Made by `roles`."""
        self.name = name
        self.process = process

    def memory_mb(self) -> float:
        """Resident memory now."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def roles(servers: Servers, names: tuple[str, ...], extra: Mapping[str, str]) -> AsyncIterator[tuple[int, dict[str, Role]]]:
    """Start `names`, wait until the API is ready, stop them; yields the API's port and the roles."""
    port = free_port("127.0.0.1", FIRST_PORT)
    environ = {
        **os.environ,
        "PAYMENTS_ENV": "development",
        "PAYMENTS_DATABASE_URL": servers.database_url,
        "PAYMENTS_REDIS_URL": servers.redis_url,
        "PAYMENTS_PORT": str(port),
        "PAYMENTS_LOG_LEVEL": "warning",
        **extra,
    }
    started: dict[str, Role] = {}
    try:
        for name in names:
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", "payments", name, env=environ)
            started[name] = Role(name, process)
        await ready(port)
        yield port, started
    finally:
        for role in started.values():
            if role.process.returncode is None:
                role.process.terminate()
        for role in started.values():
            await role.process.wait()


async def ready(port: int) -> None:
    """Wait until the server on that port says that it is ready."""
    until = monotonic_s() + READY_WITHIN_S
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass  # not listening yet
            if monotonic_s() > until:
                raise TimeoutError(f"the API was not ready within {READY_WITHIN_S} s")
            await asyncio.sleep(0.1)
