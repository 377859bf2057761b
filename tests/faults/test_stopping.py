"""SIGTERM: who waits is answered at once, what is under way ends, and the exit status is 0."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from payments.kernel.clock import monotonic_s
from tests.faults.roles import api, role
from tests.faults.stage import value
from tests.faults.test_http_under_faults import key_headers
from tests.fixtures.platform import eventually
from tests.fixtures.ports import free_port

pytestmark = pytest.mark.faults

STOP_S = 5.0
"""Far less than the ten seconds a request under way may take: nobody is waited for."""


@pytest.mark.case("P2", "P11")
async def test_who_waits_is_answered_202_when_the_api_stops(database: str, redis_url: str) -> None:
    headers = await key_headers(database)
    async with (
        api(database, redis_url) as running,  # and no consumer: nothing is decided
        httpx.AsyncClient(
            base_url=running.base, headers=headers, timeout=30, trust_env=False
        ) as http,
    ):
        first = await http.post("/v1/wallets", json={"currency": "RUB", "owner": "first"})
        asked = [
            http.post("/v1/wallets", json={"currency": "RUB"}, headers={"Prefer": "wait=25"}),
            http.get(first.headers["location"], params={"wait": 25}),
        ]
        waiting = [asyncio.create_task(each) for each in asked]
        _, pending = await asyncio.wait(waiting, timeout=1)
        assert len(pending) == len(waiting)
        began_s = monotonic_s()
        assert await running.stop() == 0
        assert monotonic_s() - began_s < STOP_S
        posted, got = [await each for each in waiting]
        assert (posted.status_code, posted.json()["status"]) == (202, "accepted")
        assert (got.status_code, got.json()["status"]) == (200, "accepted")


async def is_up(name: str, database_url: str, port: int) -> bool:
    """Whether a role does its work."""
    if name in {"api", "simulator"}:
        try:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
                return (await http.get(f"http://127.0.0.1:{port}/health/live")).status_code > 0
        except httpx.HTTPError:
            return False
    if name == "consumer":
        return bool(await value(database_url, "SELECT count(*) FROM stream_consumers"))
    if name == "scheduler":
        return bool(await value(database_url, "SELECT count(*) FROM job_runs"))
    return True


@pytest.mark.case("P11")
@pytest.mark.parametrize("name", ["api", "consumer", "executor", "scheduler", "simulator"])
async def test_a_role_that_is_told_to_stop_ends_with_0(
    database: str, redis_url: str, tmp_path: Path, name: str
) -> None:
    port = free_port()
    more = {
        "PAYMENTS_PORT": str(port),
        "PAYMENTS_DATA_DIR": str(tmp_path),
        "PAYMENTS_SUPERPAY_API_KEY": "key",
        "PAYMENTS_SUPERPAY_SIGNING_SECRET": "whsec_" + "c2VjcmV0" * 5,
        "PAYMENTS_SUPERPAY_CALLBACK_SECRETS": "whsec_" + "c2VjcmV0" * 5,
    }
    async with role(name, database, redis_url, **more) as running:

        async def may_be_told() -> bool:
            return running.catches(signal.SIGTERM)

        await eventually(may_be_told, 30)
        assert await running.restart() == 0  # while it starts
        await eventually(lambda: is_up(name, database, port), 30)
        await eventually(may_be_told, 30)
        assert await running.stop(signal.SIGINT if name == "api" else signal.SIGTERM) == 0
