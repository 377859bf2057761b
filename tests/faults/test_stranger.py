"""A stranger registers an endpoint with one curl, makes a transfer, and a verified event arrives.

Then everything is killed in between: after the transfer was accepted and before its event was
sent. What comes up again sends it.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.fixtures.platform import eventually
from tests.fixtures.ports import free_port
from tests.fixtures.receiving import Receiver, receiving

pytestmark = pytest.mark.faults

READY_S = 90.0


async def payments(*words: str) -> str:
    """Standard output of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "payments", *words, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().strip()


async def curl(base: str, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """One curl, as a stranger writes it."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-s", "-X", "POST", f"{base}{path}", "-H", f"Authorization: Bearer {key}",
        "-H", "Content-Type: application/json", "-H", "Prefer: wait=10", "-d", json.dumps(body),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    document: dict[str, Any] = json.loads(output)
    return document


@asynccontextmanager
async def up(data: Path, port: int) -> AsyncIterator[None]:
    """`payments up`, ready; all of its processes are killed at once at the end."""
    command = [sys.executable, "-m", "payments", "up", "--no-demo", "--port", str(port)]
    command += ["--data-dir", str(data)]
    with (data.parent / "up.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, start_new_session=True
        )

    async def is_ready() -> bool:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            try:
                url = f"http://127.0.0.1:{port}/health/ready"
                return (await http.get(url)).status_code == 200
            except httpx.TransportError:
                return False

    try:
        await eventually(is_ready, READY_S)
        yield
    finally:
        for child in descendants(process.pid):
            with suppress(ProcessLookupError):  # its end came with that of its parent
                os.kill(child, signal.SIGKILL)
        await process.wait()


def descendants(pid: int) -> list[int]:
    """The process, and all that it started."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(folder.name)] = int(fields[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


async def arrived(receiver: Receiver, count: int) -> None:
    async def look() -> bool:
        return len(receiver.requests) >= count

    await eventually(look, 60.0)


@pytest.mark.timeout(300)
async def test_everything_is_killed_and_the_event_still_arrives(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    base = f"http://127.0.0.1:{port}"
    async with receiving() as receiver:
        async with up(data, port):
            key = await payments(
                "keys", "create", "--data-dir", str(data), "--name", "stranger", "--scopes", "*"
            )
            hook = {"url": receiver.url, "types": ["transfer.*"]}
            secret = (await curl(base, key, "/v1/webhook-endpoints", hook))["secret"]
            wallets = [
                (await curl(base, key, "/v1/wallets", {"currency": "RUB", "owner": owner}))[
                    "wallet_id"
                ]
                for owner in ("a", "b")
            ]
            credit = {"wallet_id": wallets[0], "amount": "10", "currency": "RUB"}
            credit |= {"direction": "credit", "reason": "opening"}
            await curl(base, key, "/v1/adjustments", credit)
            move = {"source_wallet_id": wallets[0], "destination_wallet_id": wallets[1]}
            move |= {"amount": "2.50", "currency": "RUB"}
            await curl(base, key, "/v1/transfers", move)
            await arrived(receiver, 1)
            receiver.answer = silent
            second = await curl(base, key, "/v1/transfers", move)
            await arrived(receiver, 2)
        receiver.answer = receiver._ok
        async with up(data, port):
            await arrived(receiver, 3)
    ids = []
    for headers, body in receiver.requests:
        event = Webhook(secret).verify(body, headers)
        ids.append(event["operation_id"])
    assert ids[1:] == [second["operation_id"]] * 2


async def silent(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()
