"""Release 0.1.0 beside this one: neither loses or misreads what the other accepted."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import msgspec
import pytest

import payments.holds.capture
import payments.holds.create
import payments.transfers.create
import payments.transfers.reverse
import payments.wallets.adjust
import payments.wallets.freeze
import payments.wallets.open
from migrations.run import migrate_async
from payments.entrypoints.settings import Settings
from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.ids import OperationId, new_id
from payments.operations.envelope import encode, seal
from payments.operations.submit import keyed
from payments.transactions.writes import fill_transactions
from payments.transfers.create import CreateTransfer
from payments.transfers.reverse import ReverseTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.freeze import FreezeWallet
from payments.wallets.open import OpenWallet
from tests.faults.previous import OldProcess, unpack
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, eventually

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

RELEASED = "0011"
"""The schema of 0.1.0."""
DEADLINE_S = 120


class TransferIfRaining(CreateTransfer, frozen=True, kw_only=True):
    """A transfer with a field that came after 0.1.0."""

    added: ClassVar[tuple[str, ...]] = ("only_if_raining",)

    only_if_raining: bool = False


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of 0.1.0."""
    folder = tmp_path_factory.mktemp("release_0_1_0")
    unpack(folder)
    return folder


class Deploy:
    """Processes of 0.1.0 on the servers of a test."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        self.urls = (settings.database_url.reveal(), settings.redis_url.reveal())
        self.running: list[OldProcess] = []

    def start(self, what: str) -> OldProcess:
        """A process of 0.1.0."""
        process = OldProcess(self.home, what, *self.urls)
        self.running.append(process)
        return process


@pytest.fixture
def deploy(home: Path, settings: Settings) -> Iterator[Deploy]:
    """Whatever a test started is gone afterwards."""
    made = Deploy(home, settings)
    yield made
    for process in made.running:
        process.kill()


@pytest.fixture
async def beside(settings: Settings) -> AsyncIterator[Platform]:
    """This version, not started yet."""
    platform = Platform(settings)
    yield platform
    await platform.stop()


def transfer(source: int, minor: int = 1) -> CreateTransfer:
    return CreateTransfer(
        source_wallet_id=source, destination_wallet_id=3 - source, minor=minor, currency="RUB"
    )


async def open_wallets(platform: Platform) -> None:
    """Wallets 1 and 2 with 1000 each, by whoever consumes."""
    for number in (1, 2):
        opened = await platform.apply(
            payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner="o")
        )
        assert opened["wallet_id"] == number
        credit = AdjustWallet(
            wallet_id=number, minor=1000, currency="RUB", is_credit=True, reason="opening"
        )
        await platform.apply(payments.wallets.adjust.OPERATION, credit)


async def use_everything(platform: Platform) -> None:
    """What this version's API sends, decided by whoever consumes."""
    made = await platform.apply(payments.transfers.create.OPERATION, transfer(1, 10))
    reversal = ReverseTransfer(transfer_id=UUID(made["transfer_id"]), minor=4)
    await platform.apply(payments.transfers.reverse.OPERATION, reversal)
    hold = CreateHold(wallet_id=1, minor=20, currency="RUB", expires_in_s=600)
    held = await platform.apply(payments.holds.create.OPERATION, hold)
    capture = CaptureHold(
        hold_id=UUID(held["hold_id"]), destination_wallet_id=2, minor=5, is_final=True
    )
    captured = await platform.apply(payments.holds.capture.OPERATION, capture)
    assert (captured["captured"], captured["released"]) == ("0.05", "0.15")


async def wait_for_more(process: OldProcess, more: int) -> None:
    """Until it was told of so many more operations that they are accepted."""
    wanted = len(process.accepted) + more

    async def enough() -> bool:
        assert process.is_alive
        return len(process.accepted) >= wanted

    await eventually(enough, DEADLINE_S)


async def all_decided(platform: Platform, accepted: list[str]) -> None:
    """Every one of them has its outcome; while wallet 1 was frozen that was a refusal."""

    async def are_decided() -> bool:
        query = "SELECT count(*) FROM operations WHERE id = ANY($1::uuid[])"
        return bool(await platform.value(query, accepted) == len(set(accepted)))

    await eventually(are_decided, DEADLINE_S)


@pytest.mark.case("C13")
async def test_a_database_of_the_previous_release_is_upgraded_under_traffic(
    database: str, beside: Platform, deploy: Deploy
) -> None:
    platform = beside
    await migrate_async(database, "base")
    assert await deploy.start("migrate").ended() == 0
    assert await platform.value("SELECT version_num FROM alembic_version") == RELEASED
    old_consumer = deploy.start("consume")
    await platform.door.start()
    await platform.outcomes.start()
    await open_wallets(platform)
    old_api = deploy.start("submit")
    await wait_for_more(old_api, 30)

    await migrate_async(database)  # under the traffic of 0.1.0
    await wait_for_more(old_api, 30)

    # This version's API, the consumer of 0.1.0.
    await use_everything(platform)
    for is_frozen in (True, False):
        freeze = FreezeWallet(wallet_id=1, is_frozen=is_frozen)
        await platform.apply(payments.wallets.freeze.OPERATION, freeze)
        status = await platform.value("SELECT status FROM accounts WHERE id = 1")
        assert status == ("frozen" if is_frozen else "open")

    # Both consumers, both APIs.
    await platform.start_consumer()
    await wait_for_more(old_api, 30)
    mine = [
        keyed(payments.transfers.create.OPERATION, transfer(1 + n % 2), actor="new", key=f"n{n}")
        for n in range(60)
    ]
    tickets = await platform.submitter.many(mine, 60)
    assert [t for t in tickets if getattr(t, "decision", None) is None] == []

    # The API of 0.1.0, this version's consumer.
    assert await old_consumer.stop() == 0
    await wait_for_more(old_api, 30)
    await use_everything(platform)
    assert await old_api.stop() == 0
    await platform.settled()
    await all_decided(
        platform, [*old_api.accepted, *(str(request.operation_id) for request in mine)]
    )
    assert await platform.value("SELECT count(*) FROM dead_letters") == 0
    total = await platform.value(
        "SELECT sum(credits_posted - debits_posted) FROM accounts WHERE id < 3"
    )
    assert total == 2000
    # The scheduler's job, within a minute: 0.1.0 writes no transactions.
    assert await fill_transactions(platform.engine, utc_now()) > 0
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("C13")
async def test_the_previous_release_does_not_misread_what_it_does_not_know(
    beside: Platform, deploy: Deploy
) -> None:
    """It cannot wait for a newer consumer, but what it parks is neither lost nor done wrong."""
    deploy.start("consume")
    platform = beside
    await platform.door.start()
    await platform.outcomes.start()
    await open_wallets(platform)
    for is_raining in (False, True):
        fields = msgspec.structs.asdict(transfer(1))
        intent = TransferIfRaining(**fields, only_if_raining=is_raining)
        envelope = seal(new_id(), "transfer.create", "t", intent, utc_now(), "", order="1")
        assert (envelope.version == 1) is not is_raining
        await platform.door.append(1, OperationId(envelope.operation_id), encode(envelope), b"{}")
    await platform.settled()
    # The first says nothing that 0.1.0 does not know.
    assert await platform.value("SELECT count(*) FROM transfers") == 1
    assert await platform.value("SELECT array_agg(kind) FROM dead_letters") == ["transfer.create"]
