"""Settlement files of a provider: fees, what the bank pays of them, and what it does not."""

from typing import Any

import httpx
import pytest

from payments.kernel.clock import utc_now
from scheduler.job import Tools
from scheduler.jobs import watch_statements
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import Row, onec, sample
from tests.flows.native import WAIT
from tests.flows.test_statements import breaks, load

PSP = "psp-1"
PAYER = "7750005806"
"""The provider's INN, from which the bank receives."""
NET = 120_275
CSV = "psp-settlement-cp1251.csv"


@pytest.fixture
async def key(platform: Platform) -> dict[str, str]:
    return await api_key(platform)


async def settled_by(client: httpx.AsyncClient, key: dict[str, str], **more: Any) -> None:
    answer = await client.patch(
        f"/v1/statement-accounts/{PSP}", headers=key, json={"payer_inn": PAYER, **more}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["payer_inn"] == PAYER


async def load_csv(client: httpx.AsyncClient, key: dict[str, str]) -> Any:
    answer = await load(client, key, sample(CSV), format="csv:psp-settlement", account=PSP)
    assert answer.status_code == 201, answer.text
    return answer.json()


def paid(*minors: int, day: str = "27.11.2026", opening: int = 0) -> bytes:
    rows: list[Row] = [(str(n), minor, PAYER, "settlement") for n, minor in enumerate(minors, 1)]
    return onec(rows, day=day, opening=opening)


async def held(platform: Platform, code: str) -> int:
    query = "SELECT sum(credits_posted - debits_posted) FROM accounts WHERE code LIKE $1"
    return int(await platform.value(query, code) or 0)


async def test_fees_are_booked_and_the_bank_pays_the_net(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    told = await load_csv(client, key)
    assert (told["received"], told["sent"], told["fees"]) == ("1350.11", "100.10", "47.26")
    fees = await client.get("/v1/accounts/fees:psp-settlement", headers=key)
    assert fees.json()["balance"] == "-47.26"
    assert await held(platform, "statement:1:RUB") == -NET
    await settled_by(client, key)
    bank = (await load(client, key, paid(NET))).json()
    assert (bank["matched"], bank["unmatched"], bank["breaks"]) == (1, 0, 0)
    assert await held(platform, "statement:1:RUB") == 0
    [line] = (await client.get(f"/v1/statements/{bank['statement_id']}/lines", headers=key)).json()[
        "items"
    ]
    assert line["claim_id"]
    settled = await client.get("/v1/bank-payments?state=settled", headers=key)
    assert [one["amount"] for one in settled.json()["items"]] == ["1202.75"]
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_the_file_may_come_after_its_money_and_in_two_transfers(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await load(client, key, paid(NET - 100, 100))
    await load_csv(client, key)
    await settled_by(client, key)
    # The next import claims it, as the job does.
    later = await load(client, key, paid(1, day="28.11.2026", opening=NET))
    assert later.status_code == 201
    assert await held(platform, "statement:2:RUB") == 0
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.parametrize("off", [-1, 1])
async def test_one_kopeck_between_file_and_bank_is_named(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str], off: int
) -> None:
    await load_csv(client, key)
    await settled_by(client, key)
    await load(client, key, paid(NET + off))
    assert ("amount_mismatch", "0.01") in await breaks(client, key)
    await settled_by(client, key, drift="0.01")
    await load(client, key, onec([("1", 5, "0", "x")], day="28.11.2026", opening=NET + off))
    assert ("amount_mismatch", "0.01") not in await breaks(client, key)
    assert await held(platform, "statement_unexplained:RUB") == off
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_file_that_nobody_paid_is_missing_at_the_bank(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await load_csv(client, key)
    await settled_by(client, key, statement_within_days=1)
    await load(client, key, paid(7))
    open_ = await breaks(client, key)
    assert ("amount_mismatch", "1202.68") in open_ or ("missing_at_bank", "1202.75") in open_
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_an_operator_claims_what_the_rules_do_not_see(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    file = await load_csv(client, key)
    bank = (await load(client, key, paid(NET - 1))).json()
    [line] = (await client.get(f"/v1/statements/{bank['statement_id']}/lines", headers=key)).json()[
        "items"
    ]
    body = {
        "line_ids": [line["line_id"]],
        "subject_ids": [file["statement_id"]],
        "reason": "they rounded",
    }
    path, headers = "/v1/statement-claims", key | WAIT
    refused = await client.post(path, headers=headers, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "sums_differ")
    assert refused.json()["difference"] == "-0.01"
    done = await client.post(path, headers=headers, json=body | {"drift": "0.01"})
    assert (done.status_code, done.json()["drift"]) == (201, "-0.01"), done.text
    again = await client.post(path, headers=headers, json=body | {"drift": "0.01"})
    assert (again.status_code, again.json()["code"]) == (409, "item_claimed")
    unknown = body | {"subject_ids": [line["line_id"]]}
    answer = await client.post(path, headers=headers, json=unknown)
    assert (answer.status_code, answer.json()["code"]) == (404, "subject_not_found")
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_accounts_say_how_far_their_statements_go(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await load(client, key, paid(7))
    [account] = (await client.get("/v1/statement-accounts", headers=key)).json()["items"]
    assert (account["newest_day"], account["closing"]) == ("2026-11-27", "0.07")
    assert (account["statement_within_days"], account["payer_inn"]) == (3, "")
    tools = Tools(
        engine=platform.engine,
        submitter=platform.submitter,
        redis=platform.redis,
        clock=utc_now,
        database_url=platform.database_url,
        redis_url=platform.redis_url,
    )
    late = await watch_statements.run(tools)
    assert (late == 1) is (account["days_late"] > 0)
    missing = await client.patch("/v1/statement-accounts/x", headers=key, json={})
    assert (missing.status_code, missing.json()["code"]) == (404, "statement_account_not_found")
