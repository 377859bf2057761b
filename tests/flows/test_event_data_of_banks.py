"""What an event of a bank says is what the thing's own resource says right after it."""

from pathlib import Path
from typing import Any

import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.fixtures.banks import Marketplace, bank_settings
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import sample
from tests.flows.native import WAIT, opened

INN = "1234567890"
WEBHOOK = {
    "operation_id": "ccf0a86d-041b-4991-bcf7-e2352f7b8a4a",
    "amount": 145000,
    "payer_inn": INN,
    "document_number": "PAY-328",
    "document_date": "2026-11-24T21:00:00Z",
}


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


class Reader:
    """A client of the native API."""

    def __init__(self, marketplace: Marketplace, key: dict[str, str]) -> None:
        self._http, self.key = marketplace.client, key

    async def shown(self, path: str) -> Any:
        answer = await self._http.get(path, headers=self.key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def said(self, type_: str) -> list[Any]:
        """The data of the events of a type, newest first."""
        events = await self.shown(f"/v1/events?limit=1000&type={type_}")
        return [event["data"] for event in reversed(events["items"])]


@pytest.fixture
async def reader(marketplace: Marketplace, platform: Platform) -> Reader:
    return Reader(marketplace, await api_key(platform))


async def test_a_marketplaces_payment(marketplace: Marketplace, reader: Reader) -> None:
    async def operation(key: str) -> Any:
        return (await marketplace.call("operation", operation_key=key)).json()

    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    assert await reader.said("bank_pay.requested") == [await operation(key)]
    code = await marketplace.code(key)
    for _ in range(2):  # the second moves nothing, and says the same
        await marketplace.confirm(key, code)
        assert (await reader.said("bank_pay.confirmed"))[0] == await operation(key)
    await marketplace.refund(key)
    assert await reader.said("bank_pay.refunded") == [await operation(key)]
    other = await marketplace.pay("1xf3g", "2mzp5", "2000")
    wrong = await marketplace.wrong_code(other)
    for tries in range(5):
        assert await reader.said("bank_pay.expired") == [], tries
        await marketplace.confirm(other, wrong)
    assert await reader.said("bank_pay.expired") == [await operation(other)]


async def test_what_the_bank_reports(
    marketplace: Marketplace, platform: Platform, reader: Reader
) -> None:
    http = marketplace.client
    await http.post("/api/webhook/bank/", json=WEBHOOK, headers=WAIT)
    listed = await reader.shown("/v1/bank-payments")
    assert await reader.said("bank_payment.unmatched") == listed["items"]
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    http.headers.update(reader.key)
    payment = listed["items"][0]["payment_id"]
    answer = await http.post("/v1/statements", content=sample("1c-statement-cp1251.txt"))
    assert answer.status_code == 201, answer.text
    lines = (await reader.shown(f"/v1/statements/{answer.json()['statement_id']}/lines"))["items"]
    booked = await reader.said("statement_line.booked")
    assert sorted(booked, key=lambda line: line["line_id"]) == sorted(
        lines, key=lambda line: line["line_id"]
    )
    assert payment in {line["subject_id"] for line in booked}


async def test_a_matched_payment_and_a_transfer(
    marketplace: Marketplace, platform: Platform, reader: Reader
) -> None:
    http = marketplace.client
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    await http.post("/api/webhook/bank/", json=WEBHOOK, headers=WAIT)
    assert (
        await reader.said("bank_payment.credited")
        == (await reader.shown("/v1/bank-payments"))["items"]
    )
    http.headers.update(reader.key)
    body = {"wallet_id": await opened(http), "amount": "10.00"}
    path = f"/v1/organizations/{INN}"
    answer = await http.post(f"{path}/transfers", json=body, headers=WAIT)
    assert answer.status_code == 201, answer.text
    entries = (await reader.shown(f"{path}/entries"))["items"]
    assert await reader.said("organization.transferred") == entries[:1]
