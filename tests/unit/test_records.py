"""Rows of a batch: new ones are indexed when somebody asks."""

from payments.holds.tables import Hold
from payments.kernel.clock import utc_now
from payments.kernel.ids import new_id
from payments.operations.record import Records, Ref
from payments.transfers.tables import Transfer


def made() -> Transfer:
    return Transfer(new_id(), 1, 2, 5, "RUB", 0, None, "", utc_now())


def test_a_new_row_is_found_and_its_change_is_noted() -> None:
    records = Records()
    records.watched = frozenset({Transfer})
    row = made()
    records.put(row)
    assert records.touches(Ref(Transfer, row.id))
    assert records.get(Transfer, row.id) == row
    changed = row.changed(reversed_minor=5)
    records.put(changed)
    assert records.changes == [(None, row), (row, changed)]
    assert records.only_new() == {Transfer: [changed]}


def test_a_savepoint_forgets_new_rows() -> None:
    records = Records()
    first, second = made(), made()
    records.put(first)
    undo = records.savepoint()
    records.put(second)
    assert records.get(Transfer, second.id) == second
    undo()
    assert records.get(Transfer, second.id) is None
    assert records.only_new() == {Transfer: [first]}


def test_a_new_watched_row_is_one_of_its_type() -> None:
    """A batch beside must not decide by what the database says about such rows."""
    records = Records()
    records.watched = frozenset({Hold})
    hold = Hold(
        id=new_id(), wallet_id=1, purpose="hold", minor=5, captured_minor=0, released_minor=0,
        currency="RUB", description="", expires_at=None, created_at=utc_now(), closed_at=None,
    )  # fmt: skip
    assert not records.has(Hold)
    records.put(hold)
    assert records.has(Hold)
