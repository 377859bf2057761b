"""Two persons: one asks, another one decides; nothing moves before, and once afterwards."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import httpx
import pytest

from payments.operators.action import Subject
from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, money, opened, transfer

TRANSFERRED = ("70.00", "30.00")


async def transferred(native: httpx.AsyncClient) -> tuple[int, int, str]:
    """Two wallets and the transaction between them."""
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "30.00")
    answer = await native.post("/v1/transfers", json=body, headers=WAIT)
    return source, destination, answer.json()["transfer_id"]


def approval_of(page: Page) -> str:
    """The path of the approval that the page shows."""
    path = re.search(r"/console/approvals/[0-9a-f-]{36}", page.html)
    assert path is not None, page.text
    return path[0]


@pytest.fixture
async def sides(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> AsyncIterator[tuple[Desk, Desk, int, str, str]]:
    """Anna, who has asked for a reversal; Boris; the payer's wallet, the approval's path."""
    anna, boris = await console.desk("anna"), await console.desk("boris")
    source, _, transaction = await transferred(native)
    asked = await anna.act(
        f"/console/transactions/{transaction}/reverse", reason="the shop asked for it"
    )
    assert (asked.status, "waiting" in asked.text) == (200, True), asked.text
    yield anna, boris, source, approval_of(asked), transaction
    await assert_invariants(platform.database_url, platform.redis_url)


Sides = tuple[Desk, Desk, int, str, str]


async def test_a_reversal_takes_two_operators(sides: Sides, native: httpx.AsyncClient) -> None:
    anna, boris, source, approval, transaction = sides
    assert (await money(native, source))[0] == "70.00", "nothing moves before it is approved"
    own = await anna.post(f"{approval}/approve")
    assert (own.status, "another operator has to decide" in own.text) == (403, True)
    shown = await boris.get(approval)
    assert "30.00 RUB from wallet" in shown.text
    assert "the shop asked for it" in shown.text
    done = await boris.post(f"{approval}/approve")
    assert "applied transaction.reverse: Done." in done.text
    assert (await money(native, source))[0] == "100.00"
    page = await boris.get(f"/console/transactions/{transaction}")
    assert "Reversed by" in page.text
    assert "transaction.reverse.ask" in page.text
    assert "transaction.reverse.approve" in page.text


async def test_approving_again_reverses_once(
    sides: Sides, native: httpx.AsyncClient, platform: Platform
) -> None:
    _, boris, source, approval, _ = sides
    for _ in range(2):
        assert (await boris.post(f"{approval}/approve")).status == 200
    assert (await money(native, source))[0] == "100.00"
    count = "SELECT count(*) FROM operations WHERE kind = 'transaction.reverse'"
    assert await platform.value(count) == 1


async def test_what_is_rejected_or_withdrawn_stays_so(
    sides: Sides, native: httpx.AsyncClient
) -> None:
    anna, boris, source, approval, _ = sides
    assert (await boris.post(f"{approval}/withdraw")).status == 403
    assert (await anna.post(f"{approval}/reject")).status == 403
    rejected = await boris.post(f"{approval}/reject", reason="ask the shop again")
    assert "ask the shop again" in rejected.text
    for desk, verb in ((boris, "approve"), (anna, "withdraw"), (boris, "reject")):
        late = await desk.post(f"{approval}/{verb}")
        assert late.status == 409 or verb == "reject", verb
    assert (await money(native, source))[0] == "70.00"


async def test_a_viewer_decides_nothing(sides: Sides, console: Console) -> None:
    viewer = await console.desk("vera", "viewer")
    assert "Your role may look" in (await viewer.get(sides[3])).text
    for verb in ("approve", "reject", "withdraw"):
        assert (await viewer.post(f"{sides[3]}/{verb}")).status == 403


async def test_the_same_waits_only_once(sides: Sides) -> None:
    _, boris, _, approval, transaction = sides
    where = f"/console/transactions/{transaction}"
    again = await boris.act(f"{where}/reverse")
    assert (again.status, "waiting for a second person already" in again.text) == (409, True)
    assert approval_of(await boris.get(where)) == approval


async def test_it_waits_in_the_list_and_on_the_first_page(sides: Sides) -> None:
    anna, boris, *_ = sides
    listed = await boris.get("/console/approvals?state=waiting")
    assert "Reverse 30.00 RUB" in listed.text
    assert "Approvals 1" in (await anna.get("/console")).text


async def test_the_database_itself_wants_two_persons(platform: Platform) -> None:
    row = (uuid4(), Subject("wallet", "1").id)
    async with platform.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                """INSERT INTO approvals (id, kind, intent, summary, shown, subject_kind,
                subject_id, reason, requested_by, requested_at, state, decided_by, decided_at)
                VALUES ($1, 'x', '{}', 's', '{}', 'wallet', $2, 'r', 'anna', now(), 'approved',
                'anna', now())""",
                *row,
            )
