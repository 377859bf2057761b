"""The platform of a run: its own servers behind proxies, and every role as a process."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from payments.embedded.process import Child, EmbeddedError
from payments.embedded.servers import Servers
from payments.entrypoints.child_environment import environment
from payments.entrypoints.ports import answers_ready
from payments.kernel.clock import monotonic_s
from payments_tools.torture.addresses import (
    HOST,
    database_target,
    database_through,
    redis_target,
    redis_through,
)
from payments_tools.torture.proxy import Proxy

CONSUMERS: Final = ("consumer-1", "consumer-2")
OURS: Final = ("api", *CONSUMERS, "executor", "scheduler")
"""Roles of the product; beside them the simulator, which is the provider."""
_READY_LIMIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1

SETTINGS: Final = {
    "PAYMENTS_SUPERPAY_POLL_S": "1,1,2,2,3",
    "PAYMENTS_SUPERPAY_RESEND_AFTER_S": "4",
    "PAYMENTS_SUPERPAY_TIMEOUT_S": "2",
    "PAYMENTS_JWT_LIFE_S": "36000",
    "PAYMENTS_WEBHOOK_TIMEOUT_S": "2",
    "PAYMENTS_WEBHOOK_RETRY_S": ",".join(["1", "1", "2", "2", *["3"] * 60]),
    "PAYMENTS_LOG_LEVEL": "warning",
}
"""Intervals are seconds instead of minutes, so that a short run includes them."""


class Stage:
    """Everything that runs; `roles` by name."""

    def __init__(self, servers: Servers) -> None:
        """`servers` run already."""
        self.servers = servers
        self.data = servers.data.path
        self.port, self.simulator_port = _free_port(), _free_port()
        self.base = f"http://{HOST}:{self.port}"
        self.simulator = f"http://{HOST}:{self.simulator_port}"
        self.database = Proxy(database_target(servers.database_url))
        self.redis = Proxy(redis_target(servers.redis_url))
        self.env: dict[str, str] = {}
        self.roles: dict[str, Child] = {}
        self.one_server = asyncio.Lock()
        """Whoever takes a server down brings it up again before the next one may."""
        self.died: list[str] = []
        """Roles that ended though nobody killed them."""
        self._killed: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stage"]:
        """Proxies and roles, up and ready; gone afterwards."""
        await self.database.start()
        await self.redis.start()
        self.env = self._environment()
        keeper: asyncio.Task[None] | None = None
        try:
            await self.command("migrate")
            for name in (*OURS, "simulator"):
                self.roles[name] = self._child(name)
                self.roles[name].start()
            await self.ready()
            keeper = asyncio.create_task(self._keep_running())
            yield self
        finally:
            if keeper is not None:
                keeper.cancel()
            for child in self.roles.values():
                child.kill()
            await self.database.stop()
            await self.redis.stop()

    async def ready(self) -> None:
        """Wait until the API says that it can work. Raises EmbeddedError."""
        until = monotonic_s() + _READY_LIMIT_S
        while not await asyncio.to_thread(answers_ready, self.base):
            if monotonic_s() > until:
                raise EmbeddedError(f"the API is not ready:\n{self.roles['api'].tail()}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def command(self, *words: str) -> None:
        """Run one of our commands to its end. Raises EmbeddedError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "payments", *words,
            env=self.env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise EmbeddedError(f"payments {' '.join(words)} failed:\n{output.decode()}")

    def kill(self, name: str) -> None:
        """SIGKILL a role; it is started again at once."""
        self._killed.add(name)
        self.roles[name].kill()

    async def restart(self, name: str) -> None:
        """SIGTERM a role, and start it again when it has ended."""
        self._killed.add(name)
        child = self.roles[name]
        child.request_stop()
        until = monotonic_s() + 15
        while child.running() and monotonic_s() < until:  # noqa: ASYNC110 - with a deadline
            await asyncio.sleep(_LOOK_EVERY_S)

    async def pause(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later: who slept must not write what is no longer its own."""
        child = self.roles[name]
        with contextlib.suppress(ProcessLookupError):
            if child.process is not None:
                child.process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                if child.process is not None:
                    child.process.send_signal(signal.SIGCONT)

    def clock(self, name: str) -> Path:
        """The file that moves a role's clock."""
        return self.data / f"clock-{name}"

    async def revive(self, child: Child) -> None:
        """Start a killed server again, trying on while the old one is in its way."""
        until = monotonic_s() + _READY_LIMIT_S
        child.kill()
        child.start()
        while not (child.ready is None or await asyncio.to_thread(child.ready)):
            if monotonic_s() > until:
                raise EmbeddedError(f"{child.name} does not come back:\n{child.tail()}")
            await asyncio.sleep(_LOOK_EVERY_S)
            if not child.running():
                child.start()

    async def _keep_running(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for name, child in self.roles.items():
                if not child.running():
                    if name in self._killed:
                        self._killed.discard(name)
                    else:
                        self.died.append(f"{name} {child.exit_text()}")
                    child.kill()  # what is left of its group
                    child.start()

    def _child(self, name: str) -> Child:
        role, _, _ = name.partition("-")
        ports = {"api": self.port, "simulator": self.simulator_port}
        options = ("--host", HOST, "--port", str(ports[role])) if role in ports else ()
        module = "payments_tools.torture.child"
        return Child(
            name=name,
            command=(sys.executable, "-m", module, str(self.clock(name)), role, *options),
            log=self.servers.data.logs / f"{name}.log",
            env=self.env,
        )

    def _environment(self) -> dict[str, str]:
        servers = self.servers
        return {
            **environment(servers, self.base, self.simulator_port),
            **SETTINGS,
            "PAYMENTS_DATABASE_URL": database_through(servers.database_url, self.database.port),
            "PAYMENTS_REDIS_URL": redis_through(servers.redis_url, self.redis.port),
        }


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
