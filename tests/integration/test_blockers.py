"""Who has locked what payments need: the log, the metric and `payments doctor` name the session."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from payments.entrypoints import doctor
from payments.holds.tables import Hold
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect, with_database
from payments.kernel.ids import AccountId, new_id
from payments.kernel.sql import load_sql
from payments.operations import blockers
from payments.operations.blockers import Blockers, _blocking, command_of
from payments.operations.needs import Need
from payments.operations.record import Ref
from payments.operations.submit import fresh
from payments.registry import OPERATIONS
from payments.transfers import create
from payments.wallets.open import OpenWallet
from tests.fixtures.platform import Platform, eventually
from tests.integration.test_apply import Bench, credit, transfer
from tests.integration.test_plain_database_role import plain
from tests.integration.test_set_aside_rows import held

__all__ = ["plain"]
BY_KIND = {operation.kind: operation for operation in OPERATIONS}
FORGOTTEN = "SELECT 'hunter2' FROM accounts WHERE id = $1 FOR UPDATE"
LINE = "set_aside_behind_a_session"


@pytest.fixture
async def blocker(database: str) -> AsyncIterator[Connection]:
    connection = await connect(database, application_name="a forgotten report")
    yield connection
    await connection.close(timeout=5)


@pytest.mark.case("C3")
async def test_the_log_names_the_blocking_session_once(
    platform: Platform, blocker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blockers, "AFTER_S", 0.1)
    monkeypatch.setattr(blockers, "_LOOK_EVERY_S", 0.1)
    payer, *payees = [await wallet(platform) for _ in range(4)]
    hold = blocker.transaction()
    with structlog.testing.capture_logs() as lines:
        await hold.start()
        for payee in payees:
            await blocker.execute(FORGOTTEN, payee)
        tickets = [
            await platform.submitter(
                fresh(create.OPERATION, transfer(payer if n else payee, payee, 1), actor="t")
            )
            for n, payee in enumerate(payees)
        ]
        assert platform.consumer is not None
        (line,) = await eventually(lambda: named(lines))
        assert await eventually(lambda: longer_than(0.5))
        await asyncio.sleep(0.5)  # more looks, at the other accounts as well
        await hold.rollback()
        for ticket in tickets:
            assert await platform.outcomes.wait(ticket.operation_id, utc_now(), 10) is not None
    assert len(await named(lines)) == 1
    assert line["blocking_pid"] == blocker.get_server_pid()
    assert line["application"] == "a forgotten report"
    assert line["state"] == "idle in transaction"
    assert line["command"] == "SELECT"
    assert line["since"] < utc_now().isoformat()
    assert "hunter2" not in str(lines)
    assert await eventually(is_over)


async def wallet(platform: Platform) -> int:
    made = await platform.apply(BY_KIND["wallet.open"], OpenWallet(currency="RUB", owner="o"))
    await platform.apply(BY_KIND["wallet.adjust"], credit(int(made["wallet_id"]), 1000))
    return int(made["wallet_id"])


async def named(lines: list[Any]) -> list[Any]:
    return [line for line in lines if line["event"] == LINE]


def oldest_s() -> float:
    return REGISTRY.get_sample_value("payments_set_aside_oldest_seconds") or 0.0


async def longer_than(seconds: float) -> bool:
    return oldest_s() > seconds


async def is_over() -> bool:
    return oldest_s() == 0


@pytest.mark.parametrize("what", ["account", "row", "table"])
async def test_whatever_is_locked_it_is_found_who_has_it(
    what: str, database: str, blocker: Connection
) -> None:
    connection = await connect(database)
    bench = Bench(connection)
    payer = await bench.wallet(100)
    hold_id = await held(bench, payer)
    needs: dict[str, tuple[Need, str]] = {
        "account": (AccountId(payer), "SELECT FROM accounts FOR UPDATE"),
        "row": (Ref(Hold, hold_id), "SELECT FROM holds FOR UPDATE"),
        "table": (Hold, "LOCK TABLE holds IN ACCESS EXCLUSIVE MODE"),
    }
    need, statement = needs[what]
    opened = partial(connect, database)
    assert await _blocking(opened, need) == []
    async with blocker.transaction():
        await blocker.execute(statement)
        (row,) = await _blocking(opened, need)
    assert row["pid"] == blocker.get_server_pid()
    await connection.close()


async def test_the_head_of_the_queue_is_named_not_who_waits_in_it(
    database: str, blocker: Connection
) -> None:
    connection = await connect(database)
    payer = await Bench(connection).wallet(100)
    async with blocker.transaction():
        await blocker.execute(FORGOTTEN, payer)
        waiting = asyncio.create_task(connection.execute(FORGOTTEN, payer))

        async def is_queued() -> bool:
            return bool(await blocker.fetchval(QUEUED, connection.get_server_pid()))

        await eventually(is_queued)
        (row,) = await _blocking(partial(connect, database), AccountId(payer))
        assert row["pid"] == blocker.get_server_pid()
    await waiting
    await connection.close()


QUEUED = "SELECT cardinality(pg_blocking_pids($1))"


async def test_a_plain_role_learns_what_it_may_see(plain: str, postgres_server: str) -> None:
    owner = await connect(plain)
    await owner.execute("CREATE TABLE holds (id uuid)")
    name = await owner.fetchval("SELECT current_database()")
    other = await connect(
        with_database(postgres_server, name), application_name="a forgotten report"
    )
    async with other.transaction():
        await other.execute("LOCK TABLE holds")
        (row,) = await _blocking(partial(connect, plain), Hold)
    assert (row["pid"], row["application"]) == (other.get_server_pid(), "a forgotten report")
    assert row["state"] is None
    assert command_of(row["statement"]) is None
    await other.close()
    await owner.close()


async def test_a_look_that_fails_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockers, "AFTER_S", 0)

    async def refused() -> Connection:
        raise OSError("no more connections")

    watching = Blockers(refused)
    with structlog.testing.capture_logs() as lines:
        watching.watch({Ref(Hold, new_id())})
        await eventually(lambda: ended(watching))
    assert [line["event"] for line in lines] == ["blocking_session_not_found"]


async def ended(watching: Blockers) -> bool:
    return not watching.is_looking


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("  alter role x password 'hunter2'", "ALTER"),
        ("hunter2", None),
        ("/* token=x */ SELECT 1", None),
        ("<insufficient privilege>", None),
        ("", None),
        (None, None),
    ],
)
def test_of_a_statement_only_a_command_of_sql_is_told(
    statement: str | None, command: str | None
) -> None:
    assert command_of(statement) == command


async def test_the_doctor_lists_who_has_had_locks_for_long(
    platform: Platform, blocker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = await wallet(platform)
    query = load_sql(doctor.__file__, "open_transactions").replace("10 seconds", "0 seconds")
    monkeypatch.setattr(doctor, "load_sql", lambda *_: query)
    async with blocker.transaction():
        await blocker.execute(FORGOTTEN, payer)
        findings = await doctor.examine(platform.settings)
    (one,) = [f for f in findings if f.part == f"session {blocker.get_server_pid()}"]
    assert "a forgotten report, idle in transaction" in one.found
    assert "accounts" in one.found
    assert "pg_terminate_backend" in one.advice
    assert "hunter2" not in str(findings)
