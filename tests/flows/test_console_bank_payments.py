"""Bank payments in the console: money in suspense gets its owner, a returned one is taken back."""

from collections.abc import AsyncIterator

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.fixtures.console import Console, Desk
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.test_console_approvals import approval_of
from tests.flows.test_statements import INN, balance, webhook

UNKNOWN = "9999999999"
HOSTILE = "<script>alert(1)</script>\"'<img src=x>"
SUSPENSE = "SELECT count(*) FROM organization_payments WHERE status = 'unmatched'"


@pytest.fixture
async def desks(console: Console, platform: Platform) -> AsyncIterator[tuple[Desk, Desk]]:
    """Anna and Boris; an organization with a hostile name."""
    await add_organization(platform.engine, utc_now, inn=INN, name=HOSTILE)
    yield await console.desk("anna"), await console.desk("boris")
    await assert_invariants(platform.database_url, platform.redis_url)


Desks = tuple[Desk, Desk]


async def the_payment(desk: Desk, **filters: str) -> str:
    """The page of the one payment in the list."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    page = await desk.get(f"/console/bank-payments?{query}")
    assert page.html.count('<a href="/console/bank-payments/') == 1, page.text
    return page.html.partition('<a href="/console/bank-payments/')[2].partition('"')[0]


async def test_an_unmatched_payment_is_assigned_by_two(
    desks: Desks, client: httpx.AsyncClient, platform: Platform
) -> None:
    anna, boris = desks
    await webhook(client, payer_inn=UNKNOWN, document_number=HOSTILE)
    where = f"/console/bank-payments/{await the_payment(anna, state='unmatched', inn=UNKNOWN)}"
    page = await anna.get(where)
    assert "In suspense" in page.text
    for shown in (page, await anna.get("/console/bank-payments")):
        assert "<script>alert" not in shown.html
        assert "<img" not in shown.html
    asked = await anna.act(f"{where}/assign", inn=INN, reason="their letter says so")
    approval = approval_of(asked)
    assert "145000.00 RUB from suspense to the organization" in asked.text
    assert "<img" not in asked.html
    assert (await anna.post(f"{approval}/approve")).status == 403
    assert await platform.value(SUSPENSE) == 1
    done = await boris.post(f"{approval}/approve")
    assert "applied bank_payment.assign: Done." in done.text
    assert await balance(client) == 145000
    page = await anna.get(where)
    assert f"The organization with INN {INN} has it" in page.text
    assert "operator:boris" in page.text
    assert "Assign" not in page.text.partition("What operators did")[0]


async def test_whose_it_is_must_exist(
    desks: Desks, client: httpx.AsyncClient, platform: Platform
) -> None:
    anna, _ = desks
    await webhook(client, payer_inn=UNKNOWN)
    where = f"/console/bank-payments/{await the_payment(anna)}"
    assert (await anna.act(f"{where}/assign", inn="12")).status == 422
    assert (await anna.act(f"{where}/assign", inn=UNKNOWN)).status == 404
    assert await platform.value("SELECT count(*) FROM approvals") == 0


async def test_a_payment_that_the_bank_returned_is_taken_back_by_two(
    desks: Desks, client: httpx.AsyncClient
) -> None:
    anna, boris = desks
    await webhook(client)
    where = f"/console/bank-payments/{await the_payment(anna, state='matched', inn=INN)}"
    asked = await anna.act(f"{where}/take-back", reason="the account was closed")
    done = await boris.post(f"{approval_of(asked)}/approve")
    assert "applied bank_payment.reverse: Done." in done.text
    assert await balance(client) == 0
    assert "The bank returned it to its payer" in (await anna.get(where)).text
    filters = {"state": "reversed", "document_number": "PAY-328", "from_day": "2026-01-01"}
    assert await the_payment(anna, **filters)
    none = await anna.get("/console/bank-payments?document_number=PAY-329")
    assert "Nothing matches" in none.text
