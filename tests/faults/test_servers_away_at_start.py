"""Roles that start while their servers are away: they wait, say so, and go on by themselves."""

import asyncio
import contextlib
from typing import Any, cast

import httpx
import msgspec
import pytest

from payments.embedded.servers import Servers
from payments.entrypoints import consumer, executor, scheduler
from payments.entrypoints.api import create_app
from payments.entrypoints.settings import BadSettings, Secret, Settings
from payments.entrypoints.waiting import READY, servers_there
from tests.fixtures.platform import Platform, eventually, run_lifespan

pytestmark = pytest.mark.faults

ROLES = {"consumer": consumer.run, "executor": executor.run, "scheduler": scheduler.run}
NOWHERE = Secret("postgresql://nobody@127.0.0.1:1/none")
NO_REDIS = Secret("redis://127.0.0.1:1/0")


@pytest.mark.case("C20")
@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("away", ["database_url", "redis_url"])
async def test_a_role_waits_for_a_server_that_is_away(
    name: str, away: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {"database_url": NOWHERE, "redis_url": NO_REDIS}[away]
    running = asyncio.create_task(ROLES[name](msgspec.structs.replace(settings, **{away: nowhere})))
    said = ""

    async def has_said_so() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return said.count("waiting_for_servers") >= 2 or running.done()

    await eventually(has_said_so, 30)
    assert not running.done(), running
    assert "cannot be reached" in said
    assert READY._value.get() == 0
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.mark.case("C20")
async def test_waiting_ends_when_the_server_is_back(private_servers: Servers) -> None:
    settings = Settings(
        database_url=Secret(private_servers.database_url),
        redis_url=Secret(private_servers.redis_url),
    )
    stop = asyncio.Event()
    waiting = asyncio.create_task(servers_there(settings, stop))  # the schema is missing
    await asyncio.sleep(0)
    stop.set()
    assert await waiting is False


@pytest.mark.case("C20")
async def test_what_waiting_does_not_mend_is_said_at_once(settings: Settings) -> None:
    base, _, query = settings.database_url.reveal().partition("?")
    none = Secret(f"{base.rpartition('/')[0]}/no_such_database?{query}".rstrip("?"))
    wrong = msgspec.structs.replace(settings, database_url=none)
    with pytest.raises(BadSettings):
        await servers_there(wrong, asyncio.Event())


@pytest.mark.case("C20")
async def test_the_api_starts_without_its_servers_and_is_not_ready(platform: Platform) -> None:
    away = msgspec.structs.replace(platform.settings, database_url=NOWHERE, redis_url=NO_REDIS)
    app = create_app(away)
    is_up, may_end = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(run_lifespan(app, is_up, may_end))
    await asyncio.wait_for(is_up.wait(), 30)
    transport = httpx.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        assert (await http.get("/health/live")).status_code == 200
        ready = await http.get("/health/ready")
    may_end.set()
    await running
    assert ready.status_code == 503
    assert {"database", "stream"} <= set(ready.json()["failing"])
