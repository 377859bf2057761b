"""Entries lead to their transactions and the other side; wallets are found by what they say."""

import httpx

from payments.kernel.clock import utc_now
from payments.transactions.writes import fill_transactions
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, opened, transfer, waited


async def test_an_entry_names_its_transaction_and_the_other_side(
    native: httpx.AsyncClient,
) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    await waited(native, "/v1/accounts", {"name": "fees", "currency": "RUB"})
    postings = [
        {"source": f"wallet:{a}", "destination": end, "amount": amount, "currency": "RUB"}
        for end, amount in ((f"wallet:{b}", "4"), ("account:fees", "1"))
    ]
    body = {"postings": postings, "reference": "order-17"}
    _, made = await waited(native, "/v1/transactions", body)
    await waited(native, "/v1/transfers", transfer(a, b, "2"))
    path = f"/v1/wallets/{a}/entries"
    entries = (await native.get(path)).json()["items"]
    assert [(e["amount"], e["counterparty"], e["reference"]) for e in entries] == [
        ("-2.00", f"wallet:{b}", ""),
        ("-1.00", "account:fees", "order-17"),
        ("-4.00", f"wallet:{b}", "order-17"),
        ("10.00", "system:opening", ""),
    ]
    assert entries[1]["transaction_id"] == made["transaction_id"]
    for filters, count in (
        ({"reference": "order-17"}, 2),
        ({"kind": "transfer.create"}, 1),
        ({"from": "2001-01-01T00:00:00Z"}, 4),
        ({"to": "2001-01-01T00:00:00Z"}, 0),
    ):
        assert len((await native.get(path, params=filters)).json()["items"]) == count, filters
    fees = (await native.get("/v1/accounts/fees/entries", params={"currency": "RUB"})).json()
    assert [(e["amount"], e["counterparty"]) for e in fees["items"]] == [("1.00", f"wallet:{a}")]
    then = await native.get("/v1/accounts/fees", params={"at": "2020-01-01T00:00:00Z"})
    assert then.json()["balance"] == "0.00"


async def test_wallets_are_found(native: httpx.AsyncClient) -> None:
    body = {"currency": "USD", "owner": "u", "metadata": {"tier": "gold", "n": 7}}
    wallet = (await native.post("/v1/wallets", json=body, headers=WAIT)).json()["wallet_id"]
    await opened(native)
    for filters in ({"metadata.tier": "gold"}, {"metadata.n": "7"}, {"currency": "usd"}):
        found = (await native.get("/v1/wallets", params=filters)).json()["items"]
        assert [w["wallet_id"] for w in found] == [wallet], filters
    await waited(native, f"/v1/wallets/{wallet}/freeze", {"direction": "credits"})
    found = (await native.get("/v1/wallets", params={"status": "frozen"})).json()["items"]
    assert [w["wallet_id"] for w in found] == [wallet]


async def test_a_keyed_transfer_is_found_by_its_operation(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    """Its transaction has another id, and no index leads from one to the other."""
    a, b = await funded(native, "10.00"), await opened(native)
    transfers: list[str] = []
    for n in range(3):
        headers = {**WAIT, "Idempotency-Key": f"order-{n}"}
        made = (
            await native.post("/v1/transfers", json=transfer(a, b, "1"), headers=headers)
        ).json()
        transfers.insert(0, made["transfer_id"])
        assert made["transfer_id"] != made["operation_id"]
        found = (await native.get(f"/v1/transactions/{made['operation_id']}")).json()
        assert found == (await native.get(f"/v1/transactions/{made['transfer_id']}")).json()
        assert found["transaction_id"] == made["transfer_id"]
    entries = (await native.get(f"/v1/wallets/{b}/entries")).json()["items"]
    listed = (await native.get("/v1/transactions", params={"account": f"wallet:{b}"})).json()[
        "items"
    ]
    assert [entry["transaction_id"] for entry in entries] == transfers
    assert [one["transaction_id"] for one in listed] == transfers
    assert await fill_transactions(platform.engine, utc_now()) == 0, "none is missing"
    assert await platform.value("SELECT count(*) FROM transactions WHERE minor = 100") == 3
