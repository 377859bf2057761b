"""However a statement comes, the books are the same: permuted, cut, overlapping, doubled."""

from collections.abc import Sequence
from random import Random

import httpx

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from payments.kernel.randomness import seeded
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import Day, Row, onec_days

INN = "1234567890"
OPENING = 1_000_000
DAYS = ("24.11.2026", "25.11.2026", "26.11.2026")
ENCODINGS = ("cp1251", "cp866", "utf-8", "utf-8-sig")
SEEDS = range(6)


def rows_of(rng: Random) -> list[Row]:
    """Few different rows, so that there are twins."""
    return [
        (
            rng.choice(["7", "8"]),
            rng.choice([350, 100_000, -350]),
            rng.choice([INN, "0"]),
            rng.choice(["Оплата", "Займ  по договору"]),
        )
        for _ in range(rng.randint(1, 4))
    ]


def files(days: Sequence[Day], account: str, rng: Random) -> list[bytes]:
    """The same days in files: each, overlapping, all; permuted, encoded anyhow, some twice."""
    cuts = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]
    chosen = [*rng.sample(cuts, 4), (0, 3)]
    made = []
    for first, last in chosen:
        opening = OPENING + sum(row[1] for _, rows in days[:first] for row in rows)
        part = [(day, rng.sample(rows, len(rows))) for day, rows in days[first:last]]
        encoding = rng.choice(ENCODINGS)
        made.append(onec_days(part, opening=opening, account=account, encoding=encoding))
    rng.shuffle(made)
    return [*made, rng.choice(made)]


async def test_the_books_are_those_of_the_rows_however_they_come(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    key = await api_key(platform)
    credited = suspended = 0
    for seed in SEEDS:
        rng = seeded(f"books {seed}")
        account = f"4070281090000000{seed:04}"
        days = [(day, rows_of(rng)) for day in DAYS]
        for raw in files(days, account, rng):
            answer = await client.post("/v1/statements", content=raw, headers=key)
            assert answer.status_code in {200, 201}, answer.text
            assert answer.json()["undecided"] == 0
        rows = [row for _, rows in days for row in rows]
        count = await platform.value(
            "SELECT count(*) FROM statement_lines WHERE account = $1", account
        )
        assert count == len(rows), seed
        held = await platform.value(
            "SELECT debits_posted - credits_posted FROM accounts AS a JOIN statement_accounts AS s"
            " ON a.code = format('statement:%s:RUB', s.number) WHERE s.account = $1",
            account,
        )
        assert held == sum(row[1] for row in rows), seed
        credited += sum(row[1] for row in rows if row[1] > 0 and row[2] == INN)
        suspended += sum(row[1] for row in rows if row[1] > 0 and row[2] == "0")
    balance = (await client.get(f"/api/organizations/{INN}/balance/")).json()["balance"]
    assert round(balance * 100) == credited
    query = "SELECT sum(credits_posted - debits_posted) FROM accounts WHERE code = 'suspense:RUB'"
    assert int(await platform.value(query) or 0) == suspended
    gaps = "SELECT count(*) FROM breaks WHERE kind = 'statement_gap' AND state <> 'resolved'"
    assert await platform.value(gaps) == 0
    await assert_invariants(platform.database_url, platform.redis_url)
