"""What is promised about payouts, held against what the provider truly did."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from payments.kernel.database import Connection
from payments.payouts.explain import STUCK_AFTER_S
from payments.payouts.status import HOLDING, TRANSITIONS, Claim, PayoutState, Verdict
from scheduler.checks import payout_holds_fit, pending_is_open_holds
from scheduler.checks.check import Snapshot
from tests.fixtures.invariants import assert_invariants
from tests.properties.payout_story import MINOR, STARTS, Story

S: Final = PayoutState
SETTLED: Final = frozenset({S.PAID, S.REVERSED})
RELEASED: Final = frozenset({S.FAILED, S.CANCELED})
FITS: Final = {
    None: RELEASED,
    "failed": RELEASED,
    "canceled": RELEASED,
    "paid": frozenset({S.PAID}),
    "returned": frozenset({S.REVERSED}),
}
"""Where a payout may end, by where it truly ended."""
BEHIND: Final = frozenset({"status_mismatch", "missing_at_psp", "version_mismatch"})
"""Breaks an honest provider may show: we had not heard yet, it had not, it answered an old view."""
BELIEVED: Final = frozenset({Verdict.APPLIED.value, Verdict.CONFIRMED.value})

_PAYOUTS = """
SELECT p.*, h.closed_at, h.captured_minor, h.released_minor,
       COALESCE(a.sends, 0) AS sends, COALESCE(a.live, 0) AS live
  FROM payouts AS p
  JOIN holds AS h ON h.id = p.id
  LEFT JOIN (SELECT payout_id, sum(sends) AS sends, count(*) FILTER (WHERE is_live) AS live
               FROM payout_attempts GROUP BY payout_id) AS a ON a.payout_id = p.id
 WHERE p.wallet_id = $1"""
_EVIDENCE = """
SELECT e.*, (e.details->>'version')::bigint AS seen
  FROM payout_evidence AS e JOIN payouts AS p ON p.id = e.payout_id
 WHERE p.wallet_id = $1 ORDER BY e.payout_id, e.number"""
_UNRESOLVED = """
SELECT kind, subject_id FROM breaks WHERE state <> 'resolved'
   AND (subject_id = ANY($1) OR merchant_id = ANY($2))"""


async def promises(system: Story) -> None:
    """What holds after every step."""
    rows = await system.connection.fetch(_PAYOUTS, system.wallet)
    evidence = await system.connection.fetch(_EVIDENCE, system.wallet)
    assert {row["id"] for row in rows} == set(system.orders)
    for row in rows:
        story = [e for e in evidence if e["payout_id"] == row["id"]]
        _money_is_where_it_should_be(system, row)
        _sent_under_one_number(system, row)
        _every_move_has_its_evidence(row, story)
    await _ledger_agrees(system, rows)
    snapshot = Snapshot(connection=system.connection, redis=None, now=system.clock())
    assert await payout_holds_fit.run(snapshot) == []
    assert await pending_is_open_holds.run(snapshot) == []


def _money_is_where_it_should_be(system: Story, row: Any) -> None:
    state, number = PayoutState(row["state"]), row["merchant_id"]
    assert (row["closed_at"] is None) == (state in HOLDING)
    assert system.provider.times_paid(row["description"]) <= 1, "paid twice"
    if number in system.liars:
        return
    if state in RELEASED:
        assert not system.provider.may_still_pay(number), f"{state} while it may be paid"
    if state in SETTLED:
        assert system.provider.times_paid(row["description"]) == 1, "settled, but never paid"


def _sent_under_one_number(system: Story, row: Any) -> None:
    """Sent at most as often as it was claimed, always as the same attempt."""
    posts = [o for o in system.provider.posts if o.description == row["description"]]
    assert set(posts) <= {system.orders[row["id"]]}, "another merchant id, amount or wallet"
    assert len(posts) <= row["sends"], "sent without a claim"
    assert row["live"] <= 1
    assert row["live"] == 0 or PayoutState(row["state"]) in HOLDING


def _every_move_has_its_evidence(row: Any, story: Sequence[Any]) -> None:
    assert [e["number"] for e in story] == list(range(1, row["version"] + 1))
    assert (story[0]["state_before"], story[0]["state_after"]) == (None, "held")
    assert story[-1]["state_after"] == row["state"]
    newest = 0
    for before, one in pairwise(story):
        was, became = PayoutState(one["state_before"]), PayoutState(one["state_after"])
        assert before["state_after"] == one["state_before"]
        has_moved = one["verdict"] == Verdict.APPLIED.value
        assert has_moved == (became is not was)
        if has_moved:
            assert TRANSITIONS[was].get(Claim(one["claim"])) is became
        if was is S.NEEDS_OPERATOR and has_moved:
            assert one["source"] == "operator"
        if one["verdict"] not in BELIEVED or became is S.NEEDS_OPERATOR or one["seen"] is None:
            continue
        assert one["seen"] >= newest, "old news moved it"
        newest = one["seen"]
    assert row["provider_version"] == newest, "news was forgotten, or a doubtful one believed"


async def _ledger_agrees(system: Story, rows: Sequence[Any]) -> None:
    paid = sum(MINOR for row in rows if row["state"] == "paid")
    held = sum(MINOR for row in rows if PayoutState(row["state"]) in HOLDING)
    wallet = await system.connection.fetchrow(
        "SELECT credits_posted - debits_posted AS balance, debits_pending FROM accounts"
        " WHERE code = $1",
        f"wallet:{system.wallet}",
    )
    assert wallet is not None
    assert (wallet["balance"], wallet["debits_pending"]) == (STARTS - paid, held)


async def alarm_is_right(system: Story) -> None:
    """The stuck ones are counted from the beginning of the doubt, as the evidence dates it."""
    rows = await system.connection.fetch(_PAYOUTS, system.wallet)
    evidence = await system.connection.fetch(_EVIDENCE, system.wallet)
    stuck = 0
    for row in rows:
        state = PayoutState(row["state"])
        doubt = {S.UNKNOWN, S.SUBMITTING}
        together = doubt if state in doubt else {state}
        since = row["created_at"]
        for one in evidence:
            if one["payout_id"] == row["id"] and one["state_before"] is not None:
                is_entry = PayoutState(one["state_before"]) not in together
                is_counted = state is not S.HELD
                if is_counted and is_entry and PayoutState(one["state_after"]) in together:
                    since = one["recorded_at"]
        limit_s = STUCK_AFTER_S.get(state)
        stuck += limit_s is not None and system.clock() - since >= timedelta(seconds=limit_s)
    assert system.stuck == stuck


async def ending(system: Story) -> None:
    """What holds when the world has behaved for a while."""
    connection = system.connection
    rows = await connection.fetch(_PAYOUTS, system.wallet)
    numbers = [row["merchant_id"] for row in rows]
    breaks = await connection.fetch(_UNRESOLVED, [row["id"] for row in rows], numbers)
    broken = {row["subject_id"] for row in breaks}
    for row in rows:
        known = system.provider.truths.get(row["merchant_id"])
        status = None if known is None else known.status
        fits = PayoutState(row["state"]) in FITS.get(status, frozenset())
        told = f"{status} at the provider, {row['state']} here"
        assert fits or (row["id"] in broken and row["merchant_id"] in system.liars), told
    if system.is_honest:
        assert {row["kind"] for row in breaks} <= BEHIND
    await _callbacks_are_done(connection, numbers)
    platform = system.platform
    await assert_invariants(platform.database_url, platform.redis_url)


async def _callbacks_are_done(connection: Connection, numbers: list[int]) -> None:
    """Each was kept once and has its one piece of evidence."""
    left = await connection.fetch(
        "SELECT c.event_id, c.state, count(e.id) FROM provider_callbacks AS c"
        " LEFT JOIN payout_evidence AS e ON e.callback_id = c.id"
        " WHERE c.merchant_id = ANY($1) OR c.merchant_id IS NULL"
        " GROUP BY c.id HAVING c.state <> 'done' OR count(e.id) <> 1",
        numbers,
    )
    assert left == []
