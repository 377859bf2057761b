"""Registry files that are wrong change nothing; breaks follow the facts; days are fetched."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from payments.reconciliation.queries import days_to_fetch
from payments.statements.settlement_file import BadRegistry
from payments.surfaces.superpay import fetching
from payments.surfaces.superpay.client import Page
from scheduler.job import Tools
from scheduler.jobs import fetch_registries, watch_registries
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay
from tests.fixtures.superpay_callbacks import deposit_event, send, waiting
from tests.flows.settlement import PAST, broken, happened, line, registry, settled, upload


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


@pytest.mark.case("R1")
async def test_a_file_that_is_none_changes_nothing(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    await happened(superpay, number)
    assert (await upload(superpay, registry(line(number)))).json()["matched"] == 1
    path, headers = "/v1/reconciliation/registries", {"content-type": "text/csv"}
    header = ",".join(line(1)) + "\r\n"
    for text in ("", "<html>Maintenance</html>\n", header):
        for query in (f"?date={PAST}", f"?date={datetime.now(UTC).date()}"):
            answer = await superpay.http.post(path + query, content=text, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_registry"), text
            assert answer.json()["errors"]
    empty = registry()
    assert (await upload(superpay, empty)).status_code == 422
    assert len((await superpay.get(path))["items"]) == 1
    assert (await superpay.get("/v1/reconciliation/breaks"))["items"] == []
    said = await superpay.http.post(f"{path}?empty=true", json=empty)
    assert [b["kind"] for b in said.json()["breaks"]] == ["missing_at_psp"]
    marks = sa.text("SELECT superseded_by FROM registry_lines")
    async with superpay.platform.engine.connect() as connection:
        kept = (await connection.execute(marks)).scalars().all()
    assert [str(one) for one in kept] == [said.json()["run_id"]], "marked, not deleted"


@pytest.mark.case("R1")
async def test_a_day_is_closed_after_its_end_and_an_upload_stops_no_fetch(
    superpay: SuperPay,
) -> None:
    (number,) = await settled(superpay, 1)
    # Clocks may differ by five minutes: before midnight the next day is the one that is not over.
    today = (datetime.now(UTC) + timedelta(minutes=5)).date()
    now = f"{today}T00:00:01Z"
    early = {**registry(line(number, operated_at=now)), "date": today.isoformat()}
    made_later = {**early, "generated_at": "2098-01-01T00:00:00Z"}
    for content in (early, made_later):
        refused = await upload(superpay, content)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_registry")
    path, headers = "/v1/reconciliation/registries", {"content-type": "text/csv"}
    fields = line(number, operated_at=now)
    text = ",".join(fields) + "\n" + ",".join(str(v or "") for v in fields.values()) + "\n"
    open_ = await superpay.http.post(f"{path}?date={today}", content=text, headers=headers)
    assert (open_.status_code, open_.json()["closed"]) == (200, False)
    closed = f"{path}?date={today}&closed=true"
    assert (await superpay.http.post(closed, content=text, headers=headers)).status_code == 422
    day_before = today - timedelta(days=3)
    await happened(superpay, number, day=day_before.isoformat())
    past = {
        **registry(line(number, operated_at=f"{day_before}T12:00:00Z")),
        "date": day_before.isoformat(),
    }
    past["generated_at"] = f"{day_before + timedelta(days=1)}T02:00:00Z"
    assert (await upload(superpay, past)).json()["closed"]
    engine, noon = superpay.platform.engine, datetime.combine(today, time(12), UTC)
    expected = [day_before + timedelta(days=n) for n in range(3)]
    assert await days_to_fetch(engine, "superpay", noon) == expected
    assert await watch_registries.run(fixed_clock(superpay, noon)) == 3


def fixed_clock(superpay: SuperPay, now: datetime) -> Tools:
    """The scheduler's tools at that time."""
    return msgspec.structs.replace(superpay.tools, clock=lambda: now)


async def test_days_older_than_yesterday_are_fetched_until_they_are_there(
    superpay: SuperPay,
) -> None:
    (number,) = await settled(superpay, 1)
    now = datetime.combine(datetime.now(UTC).date(), time(0, 30), UTC)  # today's is not asked for
    first = now.date() - timedelta(days=4)
    await happened(superpay, number, day=first.isoformat())
    due = await days_to_fetch(superpay.platform.engine, "superpay", now)
    assert due == [first, first + timedelta(days=1), first + timedelta(days=2)]
    assert await fetch_registries.run(fixed_clock(superpay, now)) == len(due)

    async def none_is_missing() -> bool:
        return not await days_to_fetch(superpay.platform.engine, "superpay", now)

    assert await eventually(none_is_missing)
    assert await watch_registries.run(fixed_clock(superpay, now)) == 0
    # The simulator paid it today, our books say four days ago.
    found = await broken(superpay, "missing_at_psp")
    assert (found["merchant_id"], found["state"]) == (number, "open")


@pytest.mark.case("R2")
async def test_missing_then_there_then_missing_again(superpay: SuperPay) -> None:
    numbers = await settled(superpay, 2)
    await happened(superpay, *numbers)
    all_, one = registry(*(line(n) for n in numbers)), registry(line(numbers[1]))
    assert len((await upload(superpay, one)).json()["breaks"]) == 1
    assert (await upload(superpay, all_)).json()["breaks"] == []
    assert (await broken(superpay, "missing_at_psp"))["state"] == "resolved"
    again = (await upload(superpay, one)).json()
    assert again["new_breaks"] == 1
    found = await broken(superpay, "missing_at_psp")
    assert (found["state"], found["money_at_risk"]) == ("open", "10.00")
    assert [h["resolution"]["resolution"] for h in found["history"]] == ["timing"]
    assert (await upload(superpay, one)).json()["new_breaks"] == 0


@pytest.mark.case("R2")
async def test_written_off_and_then_worse_is_open_again(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    await upload(superpay, registry(line(number, amount="10.10")))
    small = await broken(superpay, "amount_mismatch")
    path = f"/v1/reconciliation/breaks/{small['break_id']}"
    await superpay.post(f"{path}/resolve", {"reason": "rounding"})
    same = (await upload(superpay, registry(line(number, amount="10.10")))).json()
    assert same["new_breaks"] == 0
    assert (await superpay.get(path))["state"] == "resolved"
    worse = (await upload(superpay, registry(line(number, amount="4210.00")))).json()
    assert worse["new_breaks"] == 1
    found = await superpay.get(path)
    assert (found["state"], found["money_at_risk"]) == ("open", "4200.00")
    (was,) = found["history"]
    assert (was["money_at_risk"], was["resolution"]["reason"]) == ("0.10", "rounding")
    (kind,) = (await superpay.get("/v1/reconciliation/summary"))["items"]
    assert (kind["count"], kind["money_at_risk"]) == (1, "4200.00")
    done = await superpay.post(f"{path}/resolve", {"reason": "again"})
    assert done.status_code == 201, done.text


@pytest.mark.case("R2")
async def test_at_risk_follows_what_callbacks_say(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "paid", 7), "evt_7")
    await superpay.reaches("deposits", shown["deposit_id"], "credited")

    async def says(amount: str, version: int, at_risk: str) -> None:
        body = deposit_event(shown, "paid", version, paid_amount=amount)
        await send(superpay, body, f"evt_{version}")

        async def there() -> bool:
            kind = "/v1/reconciliation/breaks?kind=amount_mismatch"
            return [b["money_at_risk"] for b in (await superpay.get(kind))["items"]] == [at_risk]

        assert await eventually(there)

    await says("30.00", 8, "20.00")
    await says("500.00", 9, "490.00")
    path = f"/v1/reconciliation/breaks/{(await broken(superpay, 'amount_mismatch'))['break_id']}"
    await superpay.post(f"{path}/resolve", {"reason": "their mistake"})
    await says("700.00", 10, "690.00")
    found = await superpay.get(path)
    assert found["state"] == "open"
    assert [h["money_at_risk"] for h in found["history"]] == ["20.00", "490.00"]
    assert await superpay.money(shown["wallet_id"]) == ("11.00", "0.00")


@pytest.mark.case("R3")
async def test_one_line_id_on_two_days(superpay: SuperPay) -> None:
    numbers = await settled(superpay, 2)
    days = ("2026-01-01", "2026-01-02")
    files = []
    for number, day in zip(numbers, days, strict=True):
        await happened(superpay, number, day=day)
        one = line(number, line_id="1", operated_at=f"{day}T12:00:00Z")
        files.append({**registry(one), "date": day, "generated_at": "2026-01-03T03:00:00Z"})
    for file in (*files, *reversed(files)):
        told = (await upload(superpay, file)).json()
        assert (told["matched"], told["breaks"]) == (1, []), told
    assert (await superpay.get("/v1/reconciliation/breaks"))["items"] == []


@pytest.mark.case("R4")
async def test_another_days_file_is_refused_with_its_first_lines(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    of_jan_1 = registry(line(number))
    assert (await upload(superpay, of_jan_1)).status_code == 200
    under_jan_2 = {**of_jan_1, "date": "2026-01-02", "generated_at": "2026-01-03T03:00:00Z"}
    refused = await upload(superpay, under_jan_2)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_registry")
    (fault,) = refused.json()["errors"]
    assert (fault["line"], fault["field"]) == (1, "operated_at")
    path = "/v1/reconciliation/registries?date=2026-01-02"
    other = await superpay.http.post(path, json=of_jan_1)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "date")


@pytest.mark.case("R5")
async def test_totals_keys_twice_and_a_wrong_digest(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    total = {"type": "payout", "status": "paid", "currency": "RUB", "count": 99}
    bad = {**registry(line(number)), "totals": [{**total, "amount": "1000000.00"}]}
    refused = await upload(superpay, bad)
    assert refused.status_code == 422
    assert "1000000.00 in 99 lines" in refused.json()["detail"]
    assert "10.00 in 1 lines" in refused.json()["detail"]
    text = json.dumps(registry(line(number))).replace('"status"', '"status": "failed", "status"')
    headers = {"content-type": "application/json"}
    path = "/v1/reconciliation/registries"
    twice = await superpay.http.post(path, content=text, headers=headers)
    assert (twice.status_code, twice.json()["errors"][0]["found"]) == (422, "status twice")
    client = superpay.client
    assert client is not None
    page = await client.registry(datetime.now(UTC).date().isoformat())
    altered = Page(page.status, page.media_type, page.body + b" ", page.headers)
    client.registry = lambda _: returned(altered)  # type: ignore[method-assign, assignment]
    with pytest.raises(BadRegistry) as error:
        await fetching.fetched(client, datetime.now(UTC).date())
    assert error.value.errors[0]["field"] == "digest"


async def returned(page: Page) -> Page:
    """What the client gives."""
    return page


@pytest.mark.case("R9")
async def test_dates_have_bounds(superpay: SuperPay) -> None:
    path, headers = "/v1/reconciliation/registries", {"content-type": "text/csv"}
    soon = datetime.now(UTC).date() + timedelta(days=2)
    fields = line(1)
    text = ",".join(fields) + "\n" + ",".join(str(v or "") for v in fields.values()) + "\n"
    for day in ("9999-12-31", "0001-01-01", "1999-12-31", str(soon), "2026-02-30", "x"):
        content = {**registry(line(1)), "date": day}
        refused = await upload(superpay, content)
        assert refused.status_code == 422, day
        refused = await superpay.http.post(f"{path}?date={day}", content=text, headers=headers)
        assert refused.status_code == 422, day
        refused = await superpay.post(f"{path}/fetch", {"date": day})
        assert refused.status_code == 422, day
    assert (await superpay.get(path))["items"] == []


@pytest.mark.case("R10")
async def test_nothing_is_missing_while_a_day_is_open(superpay: SuperPay) -> None:
    first, second = await settled(superpay, 2)
    today = datetime.now(UTC).date().isoformat()
    partly = {
        **registry(line(first, operated_at=f"{today}T00:00:01Z")),
        "date": today,
        "closed": False,
        "generated_at": f"{today}T23:59:59Z",
    }
    told = (await upload(superpay, partly)).json()
    assert (told["matched"], told["breaks"]) == (1, [])
    # Just before midnight for us may be the next day for the provider: that one must be closed too.
    await happened(superpay, first, second)
    late = datetime(2026, 1, 1, 23, 55, tzinfo=UTC)
    query = sa.text("UPDATE payouts SET ended_at = :at WHERE merchant_id = :number")
    async with superpay.platform.engine.begin() as connection:
        await connection.execute(query, {"at": late, "number": second})
    assert (await upload(superpay, registry(line(first)))).json()["breaks"] == []
    next_day = {**registry(), "date": "2026-01-02", "generated_at": "2026-01-03T03:00:00Z"}
    path = "/v1/reconciliation/registries?empty=true"
    (found,) = (await superpay.http.post(path, json=next_day)).json()["breaks"]
    assert (found["kind"], found["merchant_id"]) == ("missing_at_psp", second)


@pytest.mark.case("R11", "R14")
async def test_one_strict_reader_tells_every_fault(superpay: SuperPay) -> None:
    naive = line(1, operated_at="2026-01-01T12:00:00")
    refused = await upload(superpay, registry(naive, line(2, amount="\u0661"), line(3)))
    assert [(e["line"], e["field"], e["found"]) for e in refused.json()["errors"]] == [
        (1, "operated_at", "2026-01-01T12:00:00"),
        (2, "amount", "\u0661"),
    ]
    assert all(e["expected"] for e in refused.json()["errors"])
