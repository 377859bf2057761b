"""PostgreSQL put back to an older state: nothing is paid twice; `payments recover` leads out."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from payments.entrypoints import recovery
from payments.entrypoints.commands.recover import do_next
from payments.kernel.database import connect
from payments.kernel.errors import Conflict
from payments.recovery.kind import Kind
from payments.recovery.queries import open_recovery
from streams.client import create_client
from streams.rollback import lift
from tests.fixtures.databases import _administer
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay

RENT = {"superpay_wallet_id": "W-1001", "amount": "10", "currency": "RUB", "description": "rent"}


class Backup:
    """A copy of the database, taken while nobody writes, that can be put back."""

    def __init__(self, server_url: str, superpay: SuperPay) -> None:
        self._server_url = server_url
        self._superpay = superpay
        self._name = urlsplit(superpay.platform.database_url).path[1:]

    async def take(self) -> None:
        """All sessions end for it, as the product must survive anyhow."""
        await self._alone(
            f"DROP DATABASE IF EXISTS {self._name}_copy",
            f"CREATE DATABASE {self._name}_copy TEMPLATE {self._name}",
        )
        await _administer(self._server_url, f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")
        await self._again()

    async def put_back(self) -> None:
        """The newer state is gone."""
        await self._alone(
            f"DROP DATABASE {self._name} WITH (FORCE)",
            f"CREATE DATABASE {self._name} TEMPLATE {self._name}_copy",
        )
        await self._again()

    async def _again(self) -> None:
        """Pools notice that their sessions are gone."""

        async def works() -> bool:
            ready = await self._superpay.http.get("/v1/reconciliation/summary")
            try:
                found = await open_recovery(self._superpay.platform.engine)
            except DBAPIError:
                return False
            return ready.status_code == 200 and found is None

        await eventually(works, 30, every_s=0.2)
        self._superpay.start_beat()

    async def _alone(self, *statements: str) -> None:
        await self._superpay.stop_beat()
        end = (
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'"
        )
        close = f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false"
        await _administer(self._server_url, close, end, *statements)

    async def drop(self) -> None:
        await _administer(self._server_url, f"DROP DATABASE IF EXISTS {self._name}_copy")


@pytest.fixture
async def backup(postgres_server: str, superpay: SuperPay) -> AsyncIterator[Backup]:
    made = Backup(postgres_server, superpay)
    yield made
    await made.drop()


async def request_rent(superpay: SuperPay, wallet_id: int) -> httpx.Response:
    """The payout under key `rent`, tried again while servers come back."""
    answers: list[httpx.Response] = []

    async def answered() -> bool:
        answer = await superpay.post(
            "/v1/payouts",
            {"wallet_id": wallet_id, **RENT},
            headers={"Idempotency-Key": "rent"},
        )
        answers.append(answer)
        return answer.status_code != 500 and answer.json().get("code") not in {
            "database_unavailable", "unavailable", "starting",
        }  # fmt: skip

    await eventually(answered, 30, every_s=0.3)
    return answers[-1]


async def paid_and_put_back(superpay: SuperPay, backup: Backup) -> tuple[int, dict[str, Any]]:
    """A wallet with 1000, the rent paid out of it, then the state before the rent."""
    wallet_id = await superpay.wallet()
    await superpay.platform.settled()
    await backup.take()
    first = (await request_rent(superpay, wallet_id)).json()
    await superpay.reaches("payouts", first["payout_id"], "paid", deadline_s=30)
    await superpay.platform.settled()
    await backup.put_back()
    return wallet_id, first


async def gates(superpay: SuperPay) -> set[str | None]:
    """Why each of the two gates is closed, None for open: the platform's and the API's."""
    ready = (await superpay.http.get("/health/ready")).json()
    return {superpay.platform.door.closed_reason, ready["failing"].get("stream")}


async def is_closed(superpay: SuperPay) -> bool:
    return await gates(superpay) == {"postgres_rolled_back"}


@pytest.mark.case("C1")
async def test_recover_leads_out_and_the_rent_is_paid_once(
    superpay: SuperPay, backup: Backup
) -> None:
    wallet_id, first = await paid_and_put_back(superpay, backup)
    platform, settings = superpay.platform, superpay.platform.settings
    await eventually(lambda: is_closed(superpay), 30)
    refused = await request_rent(superpay, wallet_id)
    assert (refused.status_code, refused.json()["code"]) == (503, "postgres_rolled_back")

    async def step() -> str:
        return await do_next(settings, platform.engine, None, None)

    assert (await recovery.status(settings, platform.engine)).next == "begin"
    assert "postgres-older begun" in await step()
    assert "accepting again" in await step()
    await eventually(lambda: is_open(superpay), 30)
    # The registries come first: what was paid is known, though its caller has not repeated it.
    assert "registries loaded" in await step()
    found = await recovery.status(settings, platform.engine)
    assert [line.merchant_id for line in found.missing] == [first["merchant_id"]]
    assert "0 settled" in await step()
    with pytest.raises(Conflict, match="its caller repeats it"):
        await step()
    again = (await request_rent(superpay, wallet_id)).json()
    assert (again["payout_id"], again["merchant_id"]) == (first["payout_id"], first["merchant_id"])
    assert again["status"] == "held"  # its effect waits
    assert superpay.halt.is_on
    assert "1 settled" in await step()
    await superpay.reaches("payouts", first["payout_id"], "paid", deadline_s=30)
    assert "effects go on" in await step()
    assert await step() == "nothing to recover"
    assert await open_recovery(platform.engine) is None
    assert await superpay.movements(first["merchant_id"]) == [("paid", 1000)]
    assert await superpay.money(wallet_id) == ("990.00", "0.00")
    claims = await superpay.claims(first["payout_id"])
    assert ("query", "paid", "applied") in claims
    # Business goes on.
    await superpay.reaches("payouts", await superpay.payout(wallet_id), "paid", deadline_s=30)
    await platform.settled()
    await assert_invariants(platform.database_url, platform.redis_url)


async def is_open(superpay: SuperPay) -> bool:
    return await gates(superpay) == {None}


@pytest.mark.case("C1")
async def test_a_restore_that_nobody_cares_about_pays_nothing_twice_either(
    superpay: SuperPay, backup: Backup
) -> None:
    """The stop is lifted by hand, without a recovery: the repeat is the same payout."""
    wallet_id, first = await paid_and_put_back(superpay, backup)
    await eventually(lambda: is_closed(superpay), 30)
    platform = superpay.platform
    connection, client = await connect(platform.database_url), create_client(platform.redis_url)
    await lift(connection, client, range(platform.settings.partitions))
    await connection.close()
    await client.aclose()
    await eventually(lambda: is_open(superpay), 30)
    again = (await request_rent(superpay, wallet_id)).json()
    assert again["merchant_id"] == first["merchant_id"]
    await superpay.reaches("payouts", again["payout_id"], "paid", deadline_s=30)
    assert await superpay.movements(first["merchant_id"]) == [("paid", 1000)]
    assert await superpay.money(wallet_id) == ("990.00", "0.00")


@pytest.mark.case("C1")
async def test_both_restored_shows_nowhere_and_is_said_by_the_operator(superpay: SuperPay) -> None:
    """Nothing is sent between the first step and the last one."""
    platform, settings = superpay.platform, superpay.platform.settings
    wallet_id = await superpay.wallet()

    async def step(kind: Kind | None = None) -> str:
        return await do_next(settings, platform.engine, kind, None)

    assert await step() == "nothing to recover"
    assert "both-restored begun" in await step(Kind.BOTH_RESTORED)

    async def waits() -> bool:
        return superpay.halt.is_on

    await eventually(waits)
    payout_id = await superpay.payout(wallet_id)
    for said in ("accepting again", "registries loaded", "0 settled"):
        assert said in await step()
    payout = await superpay.get(f"/v1/payouts/{payout_id}")
    assert payout["status"] == "held"
    assert await superpay.movements(payout["merchant_id"]) == []
    assert "effects go on" in await step()
    await superpay.reaches("payouts", payout_id, "paid", deadline_s=30)
