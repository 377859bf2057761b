"""Lists of the console read by indexes and lock nothing, whichever filter is set."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from msgspec import inspect

from payments.entrypoints.console import console_config
from payments.kernel.clock import utc_now
from payments.kernel.errors import PaymentsError
from payments.surfaces.console.lists import ListPage, ListQuery, Sources, fields_of
from payments.surfaces.console.menu import MENU
from payments.surfaces.console.routes import PAGES
from tests.fixtures.platform import Platform

LISTS = [one for module in PAGES for one in vars(module).values() if isinstance(one, ListPage)]
BIG = {
    *("accounts", "approvals", "breaks", "deposits", "entries", "event_batches", "holds"),
    *("operations", "operator_actions", "organization_payments", "payouts", "statement_lines"),
    *("statements", "transactions", "wallets", "webhook_deliveries"),
}
"""Tables that grow with use; the others are bounded by what operators and clients make."""
WORDS = ("1", "RUB", "7707083893", "00000000-0000-7000-8000-000000000000", "x.y")


def queries(shown: ListPage) -> Iterator[ListQuery]:
    """The list without a filter, and with each filter alone."""
    yield shown.query()
    for field in fields_of(shown.query, shown.query()):
        values = field.choices or (
            (date(2026, 11, 26).isoformat(),) if field.kind == "day" else WORDS
        )
        for value in values:
            try:
                yield msgspec.convert({field.name: value}, shown.query, strict=False)
            except msgspec.ValidationError:
                continue
            if not field.choices:
                break


def test_every_list_and_page_of_the_menu_is_there() -> None:
    paths = {path for module in PAGES for handler in module.HANDLERS for path in handler.paths}
    assert {entry.path for _, entries in MENU for entry in entries} <= paths
    assert len(LISTS) >= 5
    for shown in LISTS:
        assert isinstance(inspect.type_info(shown.query), inspect.StructType)
        assert re.fullmatch(r"[A-Z].*\.", shown.empty), shown.path


@pytest.mark.parametrize("shown", LISTS, ids=lambda shown: shown.name)
async def test_a_list_scans_and_locks_no_table(platform: Platform, shown: ListPage) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    engine = platform.engine
    lens = console_config(platform.settings).lens()
    sources = Sources(engine, utc_now(), lens)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    answered = 0
    for query in queries(shown):
        try:
            await shown.load(sources, query, None, 51)
        except PaymentsError:
            continue  # this word is none of the filter's
        answered += 1
    sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert answered
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET enable_seqscan = off"))
        for statement, parameters in statements:
            if not statement.lstrip().upper().startswith("SELECT"):
                continue
            assert " FOR UPDATE" not in statement
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            steps = "\n".join(row[0] for row in plan)
            scanned = set(re.findall(r"Seq Scan on (\w+)", steps)) & BIG
            assert scanned == set(), (statement, steps)
