"""Top-ups under pressure: copies, races, floods, and the switch of the SHA-1 rule."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from payments.entrypoints.shop import webhook_key
from payments.kernel.clock import utc_now
from payments.webhooks.queries import TurnedAway
from payments.webhooks.writes import write_down
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.fixtures.shop import SETTINGS, Shop, notice


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


async def test_a_hundred_copies_at_once_credit_once(shop: Shop) -> None:
    user = await shop.user("mary")
    body = notice("77", str(user.user_id), "5", "12.34")
    answers = await asyncio.gather(*(shop.send(body) for _ in range(100)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["operation_id"] for a in answers}) == 1
    await shop.platform.settled()
    assert await shop.balances(user) == {5: 12.34}
    await assert_invariants(shop.platform.database_url, shop.platform.redis_url)


async def test_of_two_contents_at_once_one_is_credited(shop: Shop) -> None:
    user = await shop.user("mary")
    bodies = [notice("78", str(user.user_id), "5", amount) for amount in ("1", "2")]
    answers = await asyncio.gather(*(shop.send(b) for b in bodies * 20))
    await shop.platform.settled()
    statuses = Counter(a.status_code for a in answers)
    assert set(statuses) <= {200, 409}
    assert statuses[409] >= 19
    assert (await shop.balances(user))[5] in {1, 2}


async def test_a_new_bill_has_one_owner_whoever_comes_at_once(shop: Shop) -> None:
    mary, john = await shop.user("mary"), await shop.user("john")
    bodies = [
        notice(str(100 + number), str(user.user_id), "5", "1")
        for number, user in enumerate([mary, john] * 20)
    ]
    answers = await asyncio.gather(*(shop.send(b) for b in bodies))
    await shop.platform.settled()
    accepted = [a.json()["operation_id"] for a in answers if a.status_code == 200]
    assert all(a.status_code in {200, 409} for a in answers)
    applied = Counter([await shop.decided(o) for o in accepted])["applied"]
    hers, his = await shop.balances(mary), await shop.balances(john)
    assert sorted([hers.get(5, 0), his.get(5, 0)]) == [0, applied]
    late = await shop.send(bodies[0 if his else 1])
    assert (late.status_code, late.json()["code"]) == (409, "bill_owner_mismatch")
    await assert_invariants(shop.platform.database_url, shop.platform.redis_url)


async def test_the_owner_of_a_bill_is_known_before_it_is_applied(shop: Shop) -> None:
    mary, john = await shop.user("mary"), await shop.user("john")
    await shop.platform.stop_consumer()
    first = await shop.send(notice("1", str(mary.user_id), "5", "1"))
    second = await shop.send(notice("2", str(john.user_id), "5", "1"))
    other = await shop.send(notice("1", str(mary.user_id), "5", "2"))
    assert [first.status_code, second.status_code, other.status_code] == [200, 409, 409]
    assert other.json()["code"] == "transaction_conflict"
    await shop.platform.start_consumer()
    assert await shop.decided(first.json()["operation_id"]) == "applied"


async def test_v2_signs_the_body_in_place_of_the_field(shop: Shop) -> None:
    user = await shop.user("mary")
    body = b'{"transaction_id":1,"user_id":%d,"bill_id":5,"amount":1}' % user.user_id
    missing = await shop.send(body)
    assert (missing.status_code, missing.json()["code"]) == (422, "invalid_body")
    assert (await shop.send_v2(body)).status_code == 200
    forged = await shop.send_v2(body, key="another key")
    assert (forged.status_code, forged.json()["code"]) == (403, "bad_signature")
    # A wrong header is not forgiven for the sake of a right field.
    right = notice("2", str(user.user_id), "5", "1")
    assert (await shop.send(right, **{"X-Signature": "v2=" + "0" * 64})).status_code == 403
    for junk in ("", "v1=00", "é"):
        answer = await shop.http.post(
            "/payment/webhook",
            content=right,
            headers=[(b"content-type", b"application/json"), (b"x-signature", junk.encode())],
        )
        assert answer.status_code == 403


async def test_the_record_of_what_was_turned_away_is_bounded(platform: Platform) -> None:
    for number in range(1, 31):
        kind = "user_not_found" if number == 1 else "bad_signature"
        webhook = TurnedAway(
            surface="shop",
            kind=kind,
            digest=bytes(32),
            reference=str(number),
            transaction_id=number,
            turned_away_at=utc_now(),
        )
        await write_down(platform.engine, webhook, kept=5)
    query = "SELECT array_agg(transaction_id ORDER BY id) FROM turned_away_webhooks"
    assert await platform.value(query) == [1, 26, 27, 28, 29, 30]


class TestWithoutSha1:
    """PAYMENTS_SHOP_WEBHOOK_SHA1=off."""

    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        """The rule switched off."""
        return {**SETTINGS, "shop_webhook_sha1": "off"}

    async def test_only_v2_opens(self, shop: Shop) -> None:
        """A right SHA-1 signature is a bad signature."""
        user = await shop.user("mary")
        body = notice("1", str(user.user_id), "5", "1")
        refused = await shop.send(body)
        assert (refused.status_code, refused.json()["code"]) == (403, "bad_signature")
        assert (await shop.send_v2(body)).status_code == 200
        assert not webhook_key(shop.platform.settings).is_sha1_on
