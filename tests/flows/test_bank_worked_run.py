"""The worked run of docs/bank.md: 1xf3g pays 2mzp5 across banks, the fee shown, then refunded."""

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.banks import Marketplace, bank_settings


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


async def test_a_payment_across_banks_and_its_refund(marketplace: Marketplace) -> None:
    assert await marketplace.balances() == ("10000", "300000", "25000")

    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    assert await marketplace.balances() == ("10000", "300000", "25000")

    answer = await marketplace.confirm(key, await marketplace.code(key))
    assert answer.json() == {"operation_key": key, "status": "success"}
    assert await marketplace.balances() == ("8000", "300000", "26900")

    seen = (await marketplace.call("operation", operation_key=key)).json()
    assert (seen["status"], seen["amount"], seen["fee"], seen["received"]) == (
        "success",
        "2000",
        "100",
        "1900",
    )

    assert (await marketplace.refund(key)).json() == {"refunded": [key]}
    assert await marketplace.balances() == ("10000", "300000", "25000")
