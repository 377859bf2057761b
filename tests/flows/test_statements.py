"""A bank's statement: kept once, booked once, and matched with what webhooks told."""

from typing import Any

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from payments.statements import whole
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import ACCOUNT, Row, onec, sample

WEBHOOK, WAIT = "/api/webhook/bank/", {"Prefer": "wait=30"}
INN = "1234567890"
CP1251, UTF8 = "1c-statement-cp1251.txt", "1c-statement-says-windows-is-utf8.txt"


@pytest.fixture
async def key(platform: Platform) -> dict[str, str]:
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    return await api_key(platform)


async def load(
    client: httpx.AsyncClient, key: dict[str, str], raw: bytes, **query: Any
) -> httpx.Response:
    return await client.post("/v1/statements", content=raw, headers=key, params=query)


async def webhook(client: httpx.AsyncClient, number: int = 1, **changes: Any) -> None:
    body = {
        "operation_id": f"ccf0a86d-041b-4991-bcf7-{number:012d}",
        "amount": 145000,
        "payer_inn": INN,
        "document_number": "PAY-328",
        "document_date": "2026-11-24T21:00:00Z",  # the 25th in Moscow
        **changes,
    }
    answer = await client.post(WEBHOOK, json=body, headers=WAIT)
    assert answer.status_code == 200, answer.text


async def balance(client: httpx.AsyncClient) -> Any:
    return (await client.get(f"/api/organizations/{INN}/balance/")).json()["balance"]


async def breaks(client: httpx.AsyncClient, key: dict[str, str], state: str = "open") -> Any:
    answer = await client.get("/v1/reconciliation/breaks", headers=key, params={"state": state})
    return [(b["kind"], b["money_at_risk"]) for b in answer.json()["items"]]


async def test_the_sample_meets_its_webhook_and_books_the_rest(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await webhook(client)
    answer = await load(client, key, sample(CP1251))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["account"], told["opening"], told["closing"]) == (ACCOUNT, "10000.00", "156251.50")
    assert (told["received"], told["sent"], told["lines"]) == ("146501.50", "250.00", 5)
    assert (told["matched"], told["unmatched"], told["fee_lines"]) == (1, 3, 1)
    assert (told["undecided"], told["ours_only"]) == (0, 0)
    assert await balance(client) == 145000
    unmatched = await client.get("/v1/bank-payments?state=unmatched", headers=key)
    assert sorted(p["payer_inn"] for p in unmatched.json()["items"]) == [
        "0",
        "0105000000",
        "010500000012",
    ]
    assert sorted(await breaks(client, key)) == [
        ("missing_in_ledger", "1.50"),
        ("missing_in_ledger", "1000.00"),
        ("missing_in_ledger", "500.00"),
    ]
    assert told["breaks"] == 3
    fees = await client.get("/v1/accounts/fees:bank", headers=key)
    assert fees.json()["balance"] == "-250.00"
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_the_same_again_adds_nothing(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    first = (await load(client, key, sample(CP1251))).json()
    again = await load(client, key, sample(CP1251))
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert again.json()["statement_id"] == first["statement_id"]
    other = (await load(client, key, sample(UTF8))).json()
    assert (other["status"], other["new_lines"], other["lines"]) == ("imported", 0, 5)
    assert await platform.value("SELECT count(*) FROM statement_lines") == 5
    assert await balance(client) == 145000
    assert await platform.value("SELECT count(*) FROM entries") == 10
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_webhook_after_the_statement_credits_nothing_more(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    loaded = (await load(client, key, sample(CP1251))).json()
    assert loaded["matched"] == 0
    assert await balance(client) == 145000
    await webhook(client)
    assert await balance(client) == 145000
    after = await client.get(f"/v1/statements/{loaded['statement_id']}", headers=key)
    assert (after.json()["matched"], after.json()["unmatched"]) == (1, 3)
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.parametrize("is_webhook_first", [True, False])
async def test_one_kopeck_of_difference_is_found_and_named(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str], *, is_webhook_first: bool
) -> None:
    if is_webhook_first:
        await webhook(client, amount=145000.01)
    await load(client, key, sample(CP1251))
    if not is_webhook_first:
        await webhook(client, amount=145000.01)
    assert ("amount_mismatch", "0.01") in await breaks(client, key)
    assert await platform.value("SELECT count(*) FROM organization_payments") == 4
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_what_only_we_have_is_a_break_until_a_statement_has_it(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await webhook(client, document_date="2026-11-26T09:00:00Z")
    rows: list[Row] = [("1", 100, INN, "a")]
    first = (await load(client, key, onec(rows))).json()
    assert (first["ours_only"], first["ours_only_amount"]) == (1, "145000.00")
    lines = await client.get(
        f"/v1/statements/{first['statement_id']}/lines?state=ours_only", headers=key
    )
    assert [(one["number"], one["amount"]) for one in lines.json()["items"]] == [
        ("PAY-328", "145000.00")
    ]
    assert await breaks(client, key) == [("missing_at_bank", "145000.00")]
    rows.append(("328", 14_500_000, INN, "b"))
    second = (await load(client, key, onec(rows))).json()
    assert (second["ours_only"], second["new_lines"], second["matched"]) == (0, 1, 1)
    assert await breaks(client, key) == []
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_each_of_many_payments_that_only_we_have_is_a_break(
    client: httpx.AsyncClient,
    platform: Platform,
    key: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whole, "_MISSING_AT_ONCE", 2)
    for number in range(1, 6):
        day = {"document_date": "2026-11-26T09:00:00Z", "document_number": f"PAY-{number}"}
        await webhook(client, number, amount=number, **day)
    loaded = (await load(client, key, onec([("9", 100, INN, "a")]))).json()
    assert (loaded["ours_only"], loaded["ours_only_amount"], loaded["breaks"]) == (5, "15.00", 5)
    expected = [("missing_at_bank", f"{number}.00") for number in range(1, 6)]
    assert sorted(await breaks(client, key)) == expected
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_statement_that_does_not_follow_the_last_is_a_gap(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    day1, day3 = [("1", 100, INN, "a")], [("3", 300, INN, "c")]
    await load(client, key, onec(day1, opening=0))
    await load(client, key, onec(day3, opening=350, day="28.11.2026"))
    assert await breaks(client, key) == [("statement_gap", "2.50")]
    await load(client, key, onec([("2", 250, INN, "b")], opening=100, day="27.11.2026"))
    assert await breaks(client, key) == []
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_file_with_a_fault_keeps_nothing(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    answer = await load(client, key, sample("1c-statement-cp866-totals-disagree.txt"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_statement")
    assert "155000.00" in answer.json()["detail"]
    assert "154999.00" in answer.json()["detail"]
    [fault] = answer.json()["errors"]
    assert (fault["line"], fault["field"]) == (18, "КонечныйОстаток")
    dry = await load(client, key, sample(CP1251), dry_run=True)
    assert (dry.status_code, dry.json()["status"], dry.json()["new_lines"]) == (200, "dry_run", 5)
    for table in ("statements", "statement_lines", "organization_payments", "entries"):
        assert await platform.value(f"SELECT count(*) FROM {table}") == 0


async def test_a_form_is_read_byte_for_byte(client: httpx.AsyncClient, key: dict[str, str]) -> None:
    files = {"file": ("statement.txt", sample(CP1251), "text/plain")}
    answer = await client.post("/v1/statements", files=files, headers=key)
    assert answer.status_code == 201, answer.text
    raw = await load(client, key, sample(CP1251))
    assert (raw.status_code, raw.json()["sha256"]) == (200, answer.json()["sha256"])


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        (("camt053-batch-reversal-fee.xml", "auto", ""), (1, 3, 1)),
        (("mt940-two-pages-reversals.sta", "auto", ""), (1, 4, 0)),
        (("psp-settlement-cp1251.csv", "csv:psp-settlement", "psp"), (1, 3, 0)),
    ],
)
async def test_every_format_is_booked(
    client: httpx.AsyncClient,
    platform: Platform,
    key: dict[str, str],
    file: tuple[str, str, str],
    counts: tuple[int, int, int],
) -> None:
    name, format_, account = file
    answer = await load(client, key, sample(name), format=format_, account=account)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["matched"], told["unmatched"], told["fee_lines"]) == counts
    assert told["undecided"] == 0
    await assert_invariants(platform.database_url, platform.redis_url)


async def counts(client: httpx.AsyncClient, key: dict[str, str], id_: str) -> tuple[int, ...]:
    told = (await client.get(f"/v1/statements/{id_}", headers=key)).json()
    return tuple(told[name] for name in ("matched", "unmatched", "fee_lines", "breaks"))


async def test_counts_follow_webhooks_and_people_in_every_statement_of_a_line(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    """Two statements have the same lines; a payment of them is met, another one resolved."""
    first = (await load(client, key, sample(CP1251))).json()["statement_id"]
    assert await counts(client, key, first) == (0, 4, 1, 3)
    second = (await load(client, key, sample(UTF8))).json()["statement_id"]
    assert await counts(client, key, second) == (0, 4, 1, 3)
    await webhook(client, amount=145001)  # another amount than the line's: one break more
    for id_ in (first, second):
        assert await counts(client, key, id_) == (1, 3, 1, 4)
        met = await client.get(f"/v1/statements/{id_}/lines?state=matched", headers=key)
        assert [line["number"] for line in met.json()["items"]] == ["328"]
        rest = f"/v1/statements/{id_}/lines?state=theirs_only&limit=2"
        page = (await client.get(rest, headers=key)).json()
        more = (await client.get(f"{rest}&cursor={page['next_cursor']}", headers=key)).json()
        numbers = [line["number"] for line in (*page["items"], *more["items"])]
        assert sorted(numbers) == ["15", "7", "7"]
    items = (await client.get("/v1/reconciliation/breaks?state=open", headers=key)).json()["items"]
    one = next(b for b in items if b["money_at_risk"] == "1.50")
    path = f"/v1/reconciliation/breaks/{one['break_id']}/resolve"
    await client.post(path, headers=key, json={"reason": "the payer's gift"})
    for id_ in (first, second):
        assert await counts(client, key, id_) == (1, 3, 1, 3)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_one_day_in_two_formats_is_a_break_and_not_money_twice_unseen(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    """Both samples are of one account and day, with the same opening balance and other lines."""
    for name in ("camt053-batch-reversal-fee.xml", "mt940-two-pages-reversals.sta"):
        answer = await load(client, key, sample(name))
        assert answer.status_code == 201, answer.text
    items = (await client.get("/v1/reconciliation/breaks?state=open", headers=key)).json()["items"]
    [gap] = [b for b in items if b["kind"] == "statement_gap"]
    assert (gap["details"]["balance"], gap["money_at_risk"]) == ("closing", "416.50")
    assert gap["details"]["ours"]["amount"] == "1420.00"
    assert gap["details"]["theirs"]["amount"] == "1003.50"
    await assert_invariants(platform.database_url, platform.redis_url)
