"""Starts the roles that a benchmark over HTTP needs, as processes on temporary servers."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
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
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def roles(
    servers: Servers,
    names: tuple[str, ...],
    extra: Mapping[str, str],
    samples_dir: Path | None = None,
) -> AsyncIterator[tuple[int, dict[str, Role]]]:
    """Start `names`, wait until the API is ready, stop them; yields its port and the roles.

    With `samples_dir` each one writes there, in a file of its name, where its CPU time goes.
    """
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
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *_command(name, samples_dir), env=environ
            )
            started[name] = Role(name, process)
        await ready(port)
        yield port, started
    finally:
        for role in started.values():
            if role.process.returncode is None:
                role.process.terminate()
        for role in started.values():
            await role.process.wait()


def _command(name: str, samples_dir: Path | None) -> list[str]:
    if samples_dir is None:
        return ["payments", name]
    return ["payments_tools.bench.sampled", str(samples_dir / name), name]


async def ready(port: int) -> None:
    """Wait until the server on that port says that it is ready."""
    until = monotonic_s() + READY_WITHIN_S
    async with httpx.AsyncClient() as client:
        while True:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass  # not listening yet
            if monotonic_s() > until:
                raise TimeoutError(f"the API was not ready within {READY_WITHIN_S} s")
            await asyncio.sleep(0.1)
