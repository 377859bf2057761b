"""Rows of a batch: new ones are indexed when somebody asks."""

from typing import Any

import msgspec

from payments.holds.tables import Hold
from payments.kernel.clock import utc_now
from payments.kernel.ids import AccountId, derived_id, new_id, sortable_id
from payments.ledger.posting import move
from payments.operations.record import Records, Ref
from payments.operations.transaction import Transaction, TransactionTrait
from payments.transfers.tables import PlainTransfer, Transfer, TransferTransaction


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


def of(transfer: Transfer, **values: Any) -> Transaction:
    row = Transaction(
        transfer.id, transfer.id, "transfer.create", "client:a", 643, transfer.minor,
        msgspec.Raw(b"[[1,2,5,643]]"), transfer.created_at, None, None, None, None, None, None,
    )  # fmt: skip
    return row.changed(**values)


def test_a_transfer_and_its_transaction_are_one_row() -> None:
    records = Records()
    first, second = made(), made()
    for row in (of(first), first, second, of(second, kind="transfer.reverse")):
        records.put(row)
    new = records.only_new()
    assert new is not None
    assert new[TransferTransaction] == [
        TransferTransaction(first, of(first)),
        TransferTransaction(second, of(second, kind="transfer.reverse")),
    ]
    assert {row.row() for row in new[TransactionTrait]} == {
        TransactionTrait(f"kind:{kind}", row.created_at)
        for row, kind in ((first, "transfer.create"), (second, "transfer.reverse"))
    } | {
        TransactionTrait(trait, row.created_at)
        for row in (first, second)
        for trait in ("actor:client:a", "currency:643")
    }
    assert set(new) == {TransferTransaction, TransactionTrait}


def test_what_differs_is_two_rows() -> None:
    for values in ({"description": "x"}, {"minor": 6}, {"reversal_of": new_id()}, {"id": new_id()}):
        records = Records()
        transfer = made()
        transaction = of(transfer, **values)
        records.put(transaction)
        records.put(transfer)
        new = records.only_new()
        assert new is not None
        assert (new[Transfer], new[Transaction]) == ([transfer], [transaction])
        assert TransferTransaction not in new


def test_what_stands_for_a_transaction_is_the_row_that_it_makes() -> None:
    """Whoever asks gets the transaction, and the same is written."""
    operation_id = derived_id("key", "client:a", "x")
    now = utc_now()
    legs = move(AccountId(1), AccountId(2), 5)
    for id_ in (new_id(), operation_id):
        row = Transfer(sortable_id(id_, now), 1, 2, 5, "RUB", 0, None, "d", now)
        plain = row.with_transaction(id_, "transfer.create", "client:a", legs)
        assert isinstance(plain, PlainTransfer)
        whole = plain.whole()
        assert whole == of(row, operation_id=id_)
        assert plain.packed() == TransferTransaction(row, whole).packed()
        assert plain.row() == TransferTransaction(row, whole).row()
        records = Records()
        records.put_later(Transaction, plain)
        records.put(row)
        assert records.get(Transaction, row.id) == whole
        assert records.get(Transfer, row.id) == row
        records.put(row.changed(reversed_minor=5))
        new = records.only_new()
        assert new is not None
        assert new[TransferTransaction] == [
            TransferTransaction(row.changed(reversed_minor=5), whole)
        ]


def test_a_row_that_changed_is_written_as_it_became() -> None:
    records = Records()
    row = made()
    legs = move(AccountId(1), AccountId(2), 5)
    plain = row.with_transaction(row.id, "transfer.create", "client:a", legs)
    assert plain is not None
    records.put_later(Transaction, plain)
    records.put(row)
    assert records.get(Transfer, row.id) == row
    records.put(row.changed(reversed_minor=5))
    new = records.only_new()
    assert new is not None
    (written,) = new[TransferTransaction]
    assert written.row()["reversed_minor"] == 5


def test_a_transaction_that_does_not_follow_is_made_at_once() -> None:
    row = made()
    for legs in (
        move(AccountId(2), AccountId(1), 5),
        move(AccountId(1), AccountId(2), 6),
        move(AccountId(1), AccountId(3), 5),
    ):
        assert row.with_transaction(row.id, "transfer.create", "client:a", legs) is None
    assert row.with_transaction(new_id(), "x", "y", move(AccountId(1), AccountId(2), 5)) is None
