"""docker-compose.yml as it is: secrets, commands with exactly their environment, the assignments.

There is no container engine here: what a container would add (names of hosts, published ports, the
folder of the volume) is replaced, and nothing else.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
import yaml

from payments.entrypoints.environment import is_loopback, read_settings
from payments.entrypoints.settings import BadSettings
from payments_tools.demo.compose_secrets import write_secrets
from tests.fixtures.ports import free_port

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = cast("dict[str, Any]", yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
SERVICES: Final = cast("dict[str, dict[str, Any]]", COMPOSE["services"])
ROLES: Final = ("consumer", "executor", "scheduler", "api")
OURS: Final = ("migrate", *ROLES, "seed", "simulator")
DEADLINE_S: Final = 60


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """What the service `secrets` leaves in its volume."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    write_secrets(folder)
    return folder


def environment_of(service: str, secrets: Path) -> dict[str, str]:
    """The service's own variables, with the volume where it is here."""
    given = SERVICES[service]["environment"].items()
    return {name: str(value).replace("/secrets", str(secrets)) for name, value in given}


def words_of(service: str) -> list[str]:
    return [str(word) for word in SERVICES[service]["command"]]


def test_secrets_are_made_once_and_each_is_its_own(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    write_secrets(secrets)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    assert len(set(before.values())) == len(before)
    assert all(len(text) >= 32 for text in before.values())


def test_every_file_that_a_service_reads_is_made(secrets: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    named = {
        word.strip("\"'); ").rpartition("/")[2] for word in text.split() if "/secrets/" in word
    }
    assert {name.split(")")[0] for name in named} == {file.name for file in secrets.iterdir()}


@pytest.mark.parametrize("service", OURS)
def test_each_service_has_settings_of_an_open_demonstration(service: str, secrets: Path) -> None:
    words = words_of(service)
    host = words[words.index("--host") + 1] if "--host" in words else "127.0.0.1"
    settings = read_settings({**environment_of(service, secrets), "PAYMENTS_HOST": host})
    assert not settings.is_production
    assert not settings.walletservice_api_key
    assert not settings.bank_webhook_secret
    assert settings.webhook_encryption_key


def test_everything_is_published_on_loopback_only(secrets: Path) -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == 3
    assert all(is_loopback(port.rpartition(":")[0].rpartition(":")[0]) for port in ports)
    open_to_all = {**environment_of("api", secrets), "PAYMENTS_HOST": "0.0.0.0"}  # noqa: S104
    with pytest.raises(BadSettings, match="loopback only"):
        read_settings({**open_to_all, "PAYMENTS_PUBLISHED_HOST": ""})
    with pytest.raises(BadSettings, match="loopback only"):
        read_settings({**open_to_all, "PAYMENTS_PUBLISHED_HOST": "192.0.2.1"})


class Demonstration:
    """The services as processes, on the servers of this test."""

    def __init__(self, secrets: Path, database_url: str, redis_url: str, folder: Path) -> None:
        for name, url in (("database_url", database_url), ("redis_url", redis_url)):
            (secrets / name).unlink()
            (secrets / name).write_text(url)
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._secrets, self._folder = secrets, folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, service: str) -> "subprocess.Popen[bytes]":
        """Start a service's command with exactly its environment, and a port of our own."""
        words = [str(self.port) if word == "8000" else word for word in words_of(service)]
        process = subprocess.Popen(
            [sys.executable, "-m", "payments", *words],
            env={**environment_of(service, self._secrets), "PYTHONPATH": str(ROOT)},
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def ready(self) -> None:
        """Wait as the health check of compose does."""
        until = time.monotonic() + DEADLINE_S
        while not _is_ready(self.base):
            assert time.monotonic() < until, "the API does not become ready"
            time.sleep(0.1)

    def stop(self) -> list[int]:
        """SIGTERM to all that run; their exit codes."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        return [process.wait(DEADLINE_S) for process in self._processes]


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def demonstration(
    secrets: Path, database: str, redis_url: str, tmp_path: Path
) -> Iterator[Demonstration]:
    """Not started yet; stopped at the end."""
    running = Demonstration(secrets, database, redis_url, tmp_path)
    yield running
    running.stop()


def line_of_the_assignment(base: str) -> list[str]:
    """The first curl line of the wallet service's assignment, for our port."""
    line = (
        """curl -s -d '{"user_id":1, "amount": 7100}' -H "Content-Type: application/json" """
        """-X POST http://127.0.0.1:8000/api/v1/wallet/"""
    )
    return shlex.split(line.replace("http://127.0.0.1:8000", base))


@pytest.mark.slow
def test_the_lines_of_the_assignments_work_as_written(demonstration: Demonstration) -> None:
    assert demonstration.start("migrate").wait(DEADLINE_S) == 0
    for service in ROLES:
        demonstration.start(service)
    demonstration.ready()
    assert demonstration.start("seed").wait(DEADLINE_S) == 0
    stand_in = [sys.executable, str(ROOT / "tests/fixtures/curl.py")]
    command = [*stand_in, *line_of_the_assignment(demonstration.base)[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    handshake = json.loads(done.stdout)["handshake_id"]
    body = {"user_id": 1, "handshake_id": handshake}
    with httpx.Client(base_url=demonstration.base, timeout=60, trust_env=False) as http:
        until = time.monotonic() + DEADLINE_S
        wallet: dict[str, Any] = {}
        while wallet.get("status") is None:
            assert time.monotonic() < until, wallet
            wallet = http.request("GET", "/api/v1/wallet/", json=body).json()
        assert (wallet["status"], wallet["amount"], wallet["currency"]) == ("active", 7100.0, "usd")
        balance = http.get("/api/organizations/1234567890/balance/").json()
        assert balance == {"inn": "1234567890", "balance": 0}
        account = {"api_key": "sfxf2d@3", "number_invoice_seller": "1ck3l"}
        assert http.post("/bank/balance", json=account).json() == {"balance": "300000"}
    assert set(demonstration.stop()) == {0}
