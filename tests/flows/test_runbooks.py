"""The runbooks are performed: every block of `sh`, word for word, on real servers."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import payments.wallets.open
from payments.apikeys.writes import create_key
from payments.embedded.binaries import postgres_programs
from payments.entrypoints.environment import read_settings
from payments.entrypoints.settings import Secret, variable
from payments.kernel.clock import utc_now
from payments.kernel.database import with_database
from payments.operations.submit import fresh
from payments.payouts import observe, submit
from payments.payouts.observe import ObservePayout
from payments.payouts.submit import SubmitPayout
from payments.provider.sighting import Source
from payments.wallets.open import OpenWallet
from streams import partitions
from tests.fixtures.databases import _administer
from tests.fixtures.platform import api_key, eventually
from tests.fixtures.superpay import SuperPay
from tests.integration.test_operators import letters, unreadable

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
Scene = Callable[[SuperPay], Awaitable[dict[str, str]]]


def blocks(name: str) -> Iterator[str]:
    """The commands of a runbook, in order. `# exits with 1` says what a command is to exit with."""
    for _, text in BLOCK.findall((RUNBOOKS / name).read_text()):
        lines = []
        for line in text.splitlines():
            command, mark, _ = line.partition("# exits with 1")
            lines.append(f'rc=0; {command} || rc=$?; [ "$rc" = 1 ]' if mark else line)
        yield "\n".join(lines)


async def key_of(superpay: SuperPay) -> str:
    headers = await api_key(superpay.platform)
    return headers["Authorization"].removeprefix("Bearer ")


async def dead_letters(superpay: SuperPay) -> dict[str, str]:
    for _ in range(2):
        await superpay.platform.redis.xadd(partitions.intents(0), {partitions.FIELD: unreadable()})
    parked = await letters(superpay.platform, 2)
    return {"LETTER": str(parked[0]["id"]), "OTHER": str(parked[1]["id"])}


async def unknown_payout(superpay: SuperPay) -> dict[str, str]:
    """Its answer was lost, and nobody asks meanwhile."""
    await superpay.stop_executor()
    await superpay.stop_beat()
    wallet_id = await superpay.wallet()
    payout_id = await superpay.payout(wallet_id)
    id_ = UUID(payout_id)
    await superpay.platform.apply(submit.OPERATION, SubmitPayout(payout_id=id_))
    lost = ObservePayout(payout_id=id_, source=Source.RESPONSE, code="connection_lost")
    await superpay.platform.apply(observe.OPERATION, lost)
    keys = {name: await named_key(superpay, name) for name in ("FIRST", "SECOND")}
    return {"PAYOUT": payout_id, **keys}


async def named_key(superpay: SuperPay, name: str) -> str:
    """A person's own: two keys of one name are one person."""
    token = await create_key(
        superpay.platform.engine, utc_now, env="development", name=name, scopes=("*",)
    )
    return token.text()


async def backlog(superpay: SuperPay) -> dict[str, str]:
    platform = superpay.platform
    await platform.stop_consumer()
    async with platform.connection() as connection:
        await connection.execute("DELETE FROM stream_consumers")
    intent = OpenWallet(currency="RUB", owner="me")
    await platform.submitter(fresh(payments.wallets.open.OPERATION, intent, actor="t"))
    return {}


async def redis_lost(superpay: SuperPay) -> dict[str, str]:
    await superpay.wallet()
    await superpay.platform.settled()
    await superpay.platform.redis.flushdb()
    return {}


async def postgres_lost(superpay: SuperPay) -> dict[str, str]:
    await superpay.wallet()
    await superpay.platform.settled()
    async with superpay.platform.connection() as connection:
        await connection.execute(
            "UPDATE stream_partitions SET last_ms = last_ms - 1 WHERE last_ms > 0"
        )

    async def is_closed() -> bool:
        return superpay.platform.door.closed_reason == "postgres_rolled_back"

    await eventually(is_closed)
    return {}


async def plain(superpay: SuperPay) -> dict[str, str]:
    await superpay.wallet()
    return {"DAY": utc_now().date().isoformat()}


SCENES: dict[str, Scene] = {
    "backlog-growing.md": backlog,
    "dead-letters.md": dead_letters,
    "payout-unknown.md": unknown_payout,
    "postgres-rolled-back.md": postgres_lost,
    "redis-rolled-back.md": redis_lost,
    "registry-missing.md": plain,
    "restore-and-audit.md": plain,
    "rotate-secrets.md": plain,
}


def test_every_runbook_is_performed() -> None:
    named = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert named == set(SCENES)
    assert all(list(blocks(name)) for name in named)


def environment(superpay: SuperPay, shims: Path, more: dict[str, str]) -> dict[str, str]:
    """What an operator has: the commands on the path, the settings, the variables of the text."""
    settings = superpay.platform.settings
    default = read_settings({})
    told = {
        variable(name): value.reveal() if isinstance(value, Secret) else str(value)
        for name in settings.__struct_fields__
        if (value := getattr(settings, name)) != getattr(default, name)
    }
    (shims / "payments").write_text(f'#!/bin/sh\nexec {sys.executable} -m payments "$@"\n')
    (shims / "payments").chmod(0o755)
    servers = postgres_programs(None)
    outside = {k: v for k, v in os.environ.items() if not k.startswith("PAYMENTS_")}
    database = superpay.platform.database_url
    return {
        **outside,
        **told,
        "PATH": f"{shims}:{servers}:{os.environ['PATH']}",
        "DATABASE": database,
        "RESTORED": with_database(database, "restored"),
        "BASE": str(superpay.http.base_url),
        **more,
    }


async def perform(script: str, environ: dict[str, str], place: Path) -> None:
    shell = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=place, env=environ,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(shell.communicate(), 110)
    assert shell.returncode == 0, f"{script}\n{said.decode()}"
    assert b'"status":4' not in said, said  # a problem of the API, which curl does not mind
    assert b'"status":5' not in said, said


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENES)
async def test_a_runbook_works_as_written(
    name: str, superpay: SuperPay, tmp_path: Path, postgres_server: str
) -> None:
    more: dict[str, Any] = await SCENES[name](superpay)
    environ = environment(superpay, tmp_path, {"KEY": await key_of(superpay), **more})
    try:
        for script in blocks(name):
            await perform(script, environ, tmp_path)
    finally:
        await _administer(postgres_server, "DROP DATABASE IF EXISTS restored")
