"""`payments up`: everything in one command, for development and evaluation."""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from payments.embedded.datadir import DataDir
from payments.embedded.postgres import query
from payments.embedded.process import EmbeddedError, stop_all
from payments.embedded.servers import Servers, start_servers
from payments.embedded.stop_requests import StopRequestedError, pause, record_stop_signals
from payments.embedded.supervisor import Supervisor
from payments.entrypoints.child_environment import environment
from payments.entrypoints.commands.tools import tool_names
from payments.entrypoints.environment import is_loopback
from payments.entrypoints.ports import answers_ready, choose_port, free_port
from payments.entrypoints.up_children import Imports, Timings, new_child, output_of
from payments.kernel.database_url import canonical


@dataclass(frozen=True)
class Role:
    """A process of the product: its command and its grace period for stopping."""

    name: str
    options: tuple[str, ...] = ()
    """Placeholders `{host}`, `{port}` and `{simulator_port}` are filled in."""

    grace_s: float = 15.0


ROLES: Final = (
    Role("api", ("--host", "{host}", "--port", "{port}")),
    Role("consumer"),
    Role("executor"),
    Role("scheduler"),
    Role("simulator", ("--host", "{host}", "--port", "{simulator_port}")),
)
"""In start order; the simulator is omitted if it is not installed."""

PRODUCT: Final = frozenset({"api", "consumer", "executor", "scheduler", "operators"})
"""Commands that every installation has."""

SEEDS: Final = ("organizations", "bank", "shop")
"""Demo data of a new database, each `payments seed NAME`, loaded while the roles run."""

DEMO_OPERATOR: Final = "demo"
DEFAULT_PORT: Final = 8000
READY_LIMIT_S: Final = 60.0
TICK_S: Final = 0.1

CURL: Final = (
    """curl -d '{{"user_id":1, "amount": 7100}}' -H "Content-Type: application/json" """
    """-X POST {base}/api/v1/wallet/"""
)


def available(command: str) -> bool:
    """Tell whether this installation has a command; those of `payments_tools` may be missing."""
    return command in PRODUCT or command in tool_names()


def check_profile(host: str) -> None:
    """Refuse the production profile and addresses other than loopback."""
    if os.environ.get("PAYMENTS_ENV", "development") != "development":
        raise EmbeddedError(
            "payments up is the development profile; with PAYMENTS_ENV=production run the roles "
            "themselves (docker-compose.production.yml)"
        )
    if not is_loopback(host):
        raise EmbeddedError(
            f"payments up serves open demonstration surfaces, on loopback only, not on {host}: use "
            "--host 127.0.0.1, or production (docker-compose.production.yml)"
        )


def own_database() -> str | None:
    """Return the caller's PostgreSQL URL in the form that every role reads."""
    url = os.environ.get("PAYMENTS_DATABASE_URL")
    try:
        return canonical(url) if url else None
    except ValueError as error:
        raise EmbeddedError(f"PAYMENTS_DATABASE_URL: {error}") from error


class Up:
    """One run of `payments up`: `start`, then `watch` until told to stop, then `stop`."""

    def __init__(self, host: str, port: int, data_dir: Path, *, demo: bool) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.host, self.port, self.demo = host, port, demo
        self.simulator_port = free_port(host, port + 1)
        self.base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.data_dir = data_dir
        self.began_s = time.monotonic()
        self.timings = Timings()
        self.servers: Servers | None = None
        self.supervisor = Supervisor(self.say)
        self.env: dict[str, str] = {}
        self.console_link = ""

    def say(self, text: str) -> None:
        """Print one line of progress with the seconds since the start."""
        seconds = time.monotonic() - self.began_s
        with contextlib.suppress(OSError):  # the terminal may be gone, the work continues
            self.console.print(f"[dim]{seconds:6.1f} s[/]  ", end="")
            self.console.print(text, markup=False)

    def start(self) -> None:
        """Start everything and wait until the API is ready."""
        imports = Imports()
        try:
            with self.timings.part("PostgreSQL and Redis"):
                servers = self.servers = start_servers(
                    self.data_dir,
                    database_url=own_database(),
                    redis_url=os.environ.get("PAYMENTS_REDIS_URL"),
                    report=self.say,
                )
        finally:
            with self.timings.part("imports after that"):
                imports.wait()
        self.env = environment(servers, self.base, self.simulator_port)
        with self.timings.part("schema"):
            self.plan_seeds(servers.data)
            self.run("migrate")
        self.say("schema: up to date")
        for child in servers.children:
            self.supervisor.add(child)
        with self.timings.part("roles until ready"):
            self.start_roles(servers.data)
            self.console_link = self.invite() if self.demo else ""
            self.wait_ready()

    def run(self, *words: str) -> str:
        """Run one of our commands to its end; returns its output."""
        assert self.servers is not None
        return output_of(new_child(words, self.servers.data.logs / f"{words[0]}.out", self.env))

    def plan_seeds(self, data: DataDir) -> None:
        """Record, before the schema exists, that a new database is to get its demo data.

        It is recorded first so that the next start completes an interrupted one.
        """
        assert self.servers is not None
        fresh = query(self.servers.database_url, "SELECT to_regclass('alembic_version')") is None
        if fresh:
            pending = ",".join(SEEDS) if self.demo else ""
            data.write_private("seeds.json", {"pending": pending})

    def seed(self) -> None:
        """Load the pending demo data; the API answers already."""
        assert self.servers is not None
        data = self.servers.data
        pending = data.read_private("seeds.json").get("pending", "").split(",")
        if not pending[0] or not available("seed"):
            return
        self.say(f"demo data: {', '.join(pending)}")
        try:
            with self.timings.part("demo data"):
                output = self.run("seed", *pending)
        except EmbeddedError as error:  # still pending: the next start retries
            self.say(f"demo data: {error}")
            return
        for line in output.splitlines():
            self.say(f"  {line}")
        data.write_private("seeds.json", {"pending": ""})
        self.say("demo data: loaded")

    def invite(self) -> str:
        """A link to set the password of the demo operator; empty once there is a password."""
        words = ("create", "--login", DEMO_OPERATOR, "--role", "admin", "--unless-active")
        return self.run("operators", *words).strip() if available("operators") else ""

    def start_roles(self, data: DataDir) -> None:
        """Start our own processes."""
        places = {"host": self.host, "port": self.port, "simulator_port": self.simulator_port}
        for role in filter(lambda role: available(role.name), ROLES):
            options = [word.format(**places) for word in role.options]
            self.say(f"{role.name}: starting")
            log = data.logs / f"{role.name}.log"
            self.supervisor.add(new_child((role.name, *options), log, self.env, role.grace_s))

    def wait_ready(self) -> None:
        """Wait until the API is ready."""
        until = time.monotonic() + READY_LIMIT_S
        while not answers_ready(self.base):
            self.supervisor.tick()
            if time.monotonic() > until:
                api = next(child for child in self.supervisor.children if child.name == "api")
                raise EmbeddedError(
                    f"{self.base}/health/ready did not answer in {READY_LIMIT_S:.0f} s; the end of "
                    f"{api.log}:\n{api.tail()}"
                )
            pause(TICK_S)

    def show(self) -> None:
        """Print all addresses, and one command to try."""
        rows = [("API", f"{self.base}/v1"), ("OpenAPI", f"{self.base}/schema")]
        rows.append(("console", self.console_link or f"{self.base}/console"))
        if available("simulator"):
            rows.append(("SuperPay", f"http://{self.host}:{self.simulator_port}  (simulator)"))
        rows += [
            ("health", f"{self.base}/health/ready"),
            ("metrics", f"{self.base}/metrics"),
            ("data", f"{self.data_dir.absolute()}  (logs in logs/, kept across restarts)"),
            ("secrets", f"{self.data_dir.absolute()}/secrets.json  (shop's admin, webhook keys)"),
        ]
        self.console.rule("[bold green]ready[/]", align="left")
        for name, value in rows:
            self.console.print(f"  [bold]{name:<9}[/] ", end="")
            self.console.print(value, markup=False)
        self.console.print("\n  Try it:\n")
        self.console.print("  " + CURL.format(base=self.base), markup=False)
        self.console.print("\n  Ctrl-C stops everything; the data stay.")
        self.console.rule()

    def show_timings(self) -> None:
        """Print how long each part of the start took."""
        for line in self.timings.lines():
            self.console.print(f"  {line}", markup=False)

    def watch(self) -> None:
        """Keep everything running until stopped."""
        while True:
            self.supervisor.tick()
            pause(TICK_S)

    def stop(self) -> None:
        """Stop our roles in parallel, then the servers below them."""
        if self.servers is None:
            return
        self.say("stopping")
        server_children = self.servers.children
        stop_all(child for child in self.supervisor.children if child not in server_children)
        self.servers.stop()
        self.say("stopped")


def up(
    host: str = "127.0.0.1",
    port: int | None = None,
    data_dir: Path = Path(".payments"),
    *,
    demo: bool = True,
    timings: bool = False,
) -> int:
    """Run everything until Ctrl-C or SIGTERM; returns the exit code.

    `port` None is 8000 or the next free port, which is reported; a requested port must be free.
    """
    run: Up | None = None
    record_stop_signals()
    try:
        check_profile(host)
        chosen = choose_port(host, port, DEFAULT_PORT)
        run = Up(host, chosen, data_dir, demo=demo)
        if port is None and chosen != DEFAULT_PORT:
            run.say(f"PORT {DEFAULT_PORT} IS TAKEN: using {chosen} (choose one with --port)")
        run.start()
        run.show()
        run.seed()
        if timings:
            run.show_timings()
        run.watch()
    except StopRequestedError:
        return 0
    except EmbeddedError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"payments up: {error}", markup=False
        )
        return 1
    finally:
        if run is not None:
            run.stop()
    return 0
