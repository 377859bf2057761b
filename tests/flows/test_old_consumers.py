"""What a consumer of 0.1.0 applies beside this release is in the stream of transactions as well."""

import httpx

from payments.kernel.clock import utc_now
from payments.transactions.writes import fill_transactions
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, opened, transfer, waited


async def test_its_transactions_are_filled_in(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    keyed = {**WAIT, "Idempotency-Key": "one"}  # its id does not sort: the transfer has another
    answer = await native.post("/v1/transfers", json=transfer(a, b, "4"), headers=keyed)
    made = answer.json()
    await waited(native, f"/v1/transfers/{made['transfer_id']}/reverse", {"amount": "1"})
    listed = (await native.get("/v1/transactions")).json()["items"]
    async with platform.connection() as connection:
        await connection.execute("SET session_replication_role = replica")
        # It writes no transactions; everything else is the same.
        await connection.execute(
            "WITH one AS (SELECT * FROM transfers) INSERT INTO transfers SELECT * FROM one"
        )
        await connection.execute("TRUNCATE transactions, transaction_amounts, transaction_traits")
    assert (await native.get("/v1/transactions")).json()["items"] == []
    assert await fill_transactions(platform.engine, utc_now()) == len(listed) == 3
    assert (await native.get("/v1/transactions")).json()["items"] == listed
    assert await fill_transactions(platform.engine, utc_now()) == 0
    status, _ = await waited(native, f"/v1/transactions/{made['transfer_id']}/reverse")
    assert status == 409  # a part was given back as a transfer
    await assert_invariants(platform.database_url, platform.redis_url)
