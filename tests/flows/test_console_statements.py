"""Statements in the console: importing a file, its lines, faulty and hostile files."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.fixtures.statement_files import Row, onec
from tests.flows.test_statements import INN, webhook

PATH = "/console/statements"
HOSTILE = "<script>alert(1)</script>.txt"
COUNT = "SELECT count(*) FROM statements"
ROWS: list[Row] = [
    ("328", 14_500_000, INN, "<script>alert(2)</script>"),
    ("7", 100, "9999999999", "b"),
]


@pytest.fixture
async def anna(console: Console, platform: Platform) -> AsyncIterator[Desk]:
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    yield await console.desk("anna")
    await assert_invariants(platform.database_url, platform.redis_url)


async def sent(desk: Desk, raw: bytes, *, name: str = "s.txt", **fields: Any) -> Page:
    """Import a file as a browser sends it, and follow the redirect."""
    data = {"csrf": desk.csrf, "key": str(uuid4()), "reason": "of the day", **fields}
    answer = await desk.http.post(
        PATH, data=data, files={"file": (name, raw)}, headers={"cookie": f"console={desk.token}"}
    )
    if answer.status_code == 303:
        return await desk.get(answer.headers["location"])
    return Page(answer)


async def test_a_file_is_imported_and_its_lines_are_shown(
    anna: Desk, client: httpx.AsyncClient, platform: Platform
) -> None:
    await webhook(client, document_date="2026-11-25T21:00:00Z")
    page = await sent(anna, onec(ROWS), name=HOSTILE)
    assert "The file was imported: 2 lines, 2 of them new." in page.text
    assert "1 on both sides, 1 only in the statement" in page.text
    assert "statement.import" in page.text
    assert "<script>alert" not in page.html
    assert "alert(2)" in page.text
    (where,) = {p.partition("?")[0] for p in [str(page.answer.request.url.path)]}
    matched = await anna.get(f"{where}?state=matched")
    assert ("328" in matched.text, "9999999999" in matched.text) == (True, False)
    recorded = await anna.get("/console/actions?action=statement.import")
    assert "statement_file" in recorded.text
    row = await platform.value("SELECT after->>'file' FROM operator_actions WHERE reason <> ''")
    assert row == HOSTILE
    again = await sent(anna, onec(ROWS))
    assert "imported before" in again.text
    assert await platform.value(COUNT) == 1
    listed = await anna.get(f"{PATH}?account=40702810900000000017")
    assert "operator:anna" in listed.text
    assert "40702810900000000017" in (await anna.get(f"{PATH}?format=csv")).html


async def test_an_unmatched_line_waits_among_the_bank_payments(anna: Desk) -> None:
    await sent(anna, onec(ROWS[1:]))
    page = await anna.get("/console/bank-payments?state=unmatched")
    assert "9999999999" in page.text


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", {}),
        (b"nothing of the kind", {}),
        (b"\0\r\n--x\r\n\r\n", {}),
        (onec(ROWS, off=1), {}),
        (onec(ROWS), {"format": "csv:none"}),
        (onec(ROWS), {"account": "1"}),
        (onec(ROWS), {"reason": ""}),
        (onec(ROWS), {"odd": "1"}),
    ],
)
async def test_a_file_with_a_fault_keeps_nothing(
    anna: Desk, platform: Platform, raw: bytes, fields: dict[str, str]
) -> None:
    page = await sent(anna, raw, **fields)
    assert page.status == 422, page.text
    assert await platform.value(COUNT) == 0


async def test_a_file_needs_the_token_and_a_role(
    anna: Desk, console: Console, platform: Platform
) -> None:
    viewer = await console.desk("vera", "viewer")
    assert (await sent(anna, onec(ROWS), csrf="x")).status == 403
    assert (await sent(viewer, onec(ROWS))).status == 403
    assert "Import a statement" not in (await viewer.get(PATH)).text
    assert (await anna.post(PATH, key=str(uuid4()), reason="no file")).status == 422
    assert await platform.value(COUNT) == 0


@pytest.mark.parametrize(
    "raw", [b"a\r\n--", b"\r\n\r\n", bytes(range(256)) * 3, b"--boundary\r\n" * 3]
)
async def test_the_bytes_arrive_as_they_were_sent(
    anna: Desk, platform: Platform, raw: bytes
) -> None:
    page = await sent(anna, raw)
    assert page.status == 422
    size = "SELECT (after->>'bytes')::int FROM operator_actions WHERE action = 'statement.import'"
    assert await platform.value(size) == len(raw)
