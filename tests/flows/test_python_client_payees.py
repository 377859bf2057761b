"""Payees through clients/python: saved, listed, paid and deleted, with answers cut on purpose."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from payments_client import AsyncClient, Client, Conflict, InvalidRequest, NotFound
from payments_client.answers import Payee
from payments_tools.torture.proxy import Proxy
from tests.fixtures.superpay import SuperPay

WALLET = "W-1001-RUB"


@pytest.fixture
async def proxy(superpay: SuperPay) -> AsyncIterator[Proxy]:
    """Stands between the client and the API."""
    between = Proxy(urlsplit(str(superpay.http.base_url)).netloc)
    await between.start()
    yield between
    await between.stop()


def key_of(http: httpx.AsyncClient) -> str:
    return http.headers["Authorization"].removeprefix("Bearer ")


async def test_a_payee_is_saved_once_paid_and_deleted_over_cut_answers(
    superpay: SuperPay, proxy: Proxy
) -> None:
    base, key = f"http://127.0.0.1:{proxy.port}", key_of(superpay.http)
    wallet = await superpay.wallet()
    async with AsyncClient(base, key, retries=3) as client:
        proxy.cut_reply_after(b"POST /v1/payees ")
        payee = await client.save_payee("u", WALLET, "RUB", name="mine")
        assert (proxy.cuts, payee.status, payee.name) == (1, "confirmed", "mine")
        assert [one async for one in client.payees(owner="u")] == [payee]
        assert await client.payee(payee.payee_id) == payee
        proxy.cut_reply_after(b"POST /v1/payouts ")
        paid = await client.payout_to_payee(wallet, payee.payee_id, 10, "RUB")
        assert (proxy.cuts, paid.superpay_wallet_id) == (2, WALLET)
        proxy.cut_reply_after(b"DELETE /v1/payees/")
        await client.delete_payee(payee.payee_id)
        assert proxy.cuts == 3
        with pytest.raises(NotFound):
            await client.delete_payee(payee.payee_id)
        assert (await client.payout_by_id(paid.payout_id)).payee_id == payee.payee_id
        assert len([one async for one in client.payouts(wallet_id=wallet)]) == 1
    await superpay.reaches("payouts", paid.payout_id, "paid")


async def test_the_synchronous_client_has_the_same(superpay: SuperPay) -> None:
    base, key = str(superpay.http.base_url), key_of(superpay.http)

    def save_and_delete() -> tuple[Payee, Any]:
        with Client(base, key) as client:
            payee = client.save_payee("u", WALLET, "RUB")
            assert list(client.payees()) == [payee]
            again = client.save_payee("u", WALLET, "RUB")
            assert (again.payee_id, again.created_at) == (payee.payee_id, payee.created_at)
            with pytest.raises(InvalidRequest, match="payee_wallet_not_found"):
                client.save_payee("u", "W-UNKNOWN", "RUB")
            with pytest.raises(Conflict, match="payee_currency_mismatch"):
                client.save_payee("u", "W-7-USD", "RUB")
            client.delete_payee(payee.payee_id)
            return payee, list(client.payees())

    payee, left = await asyncio.to_thread(save_and_delete)
    assert (payee.superpay_wallet_id, left) == (WALLET, [])


async def test_an_item_of_a_bulk_names_a_payee(superpay: SuperPay) -> None:
    wallet, other = await superpay.wallet(), await superpay.wallet()
    async with AsyncClient(str(superpay.http.base_url), key_of(superpay.http)) as client:
        payee = await client.save_payee("u", WALLET, "RUB")
        foreign = await client.save_payee("somebody else", WALLET, "RUB")
    item = {"kind": "payout", "wallet_id": wallet, "amount": "1", "currency": "RUB"}
    items = [
        {**item, "payee_id": payee.payee_id},
        {**item, "payee_id": foreign.payee_id},
        {**item, "payee_id": payee.payee_id, "superpay_wallet_id": WALLET},
        {**item, "wallet_id": other, "payee_id": payee.payee_id},
    ]
    answer = await superpay.post("/v1/operations/bulk", {"operations": items})
    assert answer.status_code == 200, answer.text
    said = [(one["status"], one.get("reason")) for one in answer.json()["items"]]
    assert said == [
        ("applied", None),
        ("rejected", "payee_owner_mismatch"),
        ("rejected", "invalid_body"),
        ("applied", None),
    ]
    first = answer.json()["items"][0]
    shown = await superpay.reaches("payouts", first["payout_id"], "paid")
    assert (shown["payee_id"], shown["superpay_wallet_id"]) == (payee.payee_id, WALLET)
