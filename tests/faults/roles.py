"""Roles as real processes: `python -m payments api`, asked to stop and started again at will."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from payments.kernel.clock import monotonic_s
from tests.fixtures.ports import free_port

READY_S = 30


class Role:
    """A role of the product."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        self._name = name
        self._env = env
        self._process = self._start()

    async def restart(self) -> int:
        """SIGTERM, wait for its end, start it again; the exit code."""
        code = await self.stop()
        self._process = self._start()
        return code

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, and wait for that; the exit code."""
        self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, 20)

    def catches(self, number: int) -> bool:
        """Whether the process has a handler for that signal."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "payments", self._name], env=self._env)


class Api(Role):
    """The API on a port of its own."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        super().__init__("api", {**role_env(database_url, redis_url), "PAYMENTS_PORT": str(port)})

    async def ready(self) -> None:
        """Wait until it says so."""
        until = monotonic_s() + READY_S
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            while True:
                assert monotonic_s() < until, "the API does not become ready"
                try:
                    if (await http.get(f"{self.base}/health/ready")).is_success:
                        return
                except httpx.HTTPError:
                    pass  # not yet
                await asyncio.sleep(0.05)


def role_env(database_url: str, redis_url: str) -> dict[str, str]:
    """Development, these servers, nothing of the caller's."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("PAYMENTS_")}
    return {
        **ours,
        "PAYMENTS_DATABASE_URL": database_url,
        "PAYMENTS_REDIS_URL": redis_url,
        "PAYMENTS_PARTITIONS": "4",
        "PAYMENTS_LOG_LEVEL": "error",
    }


@asynccontextmanager
async def api(database_url: str, redis_url: str) -> AsyncIterator[Api]:
    """An API that is ready, and gone afterwards."""
    running = Api(database_url, redis_url)
    try:
        await running.ready()
        yield running
    finally:
        running.kill()


@asynccontextmanager
async def role(name: str, database_url: str, redis_url: str, **more: str) -> AsyncIterator[Role]:
    """Another role; `more` are variables."""
    running = Role(name, {**role_env(database_url, redis_url), **more})
    try:
        yield running
    finally:
        running.kill()
