"""Rows of a batch: new ones are indexed when somebody asks."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.holds.tables import Hold
from payments.kernel.clock import utc_now
from payments.kernel.ids import derived_id, new_id, sortable_id
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


def plain(id_: UUID | None = None, description: str = "d") -> PlainTransfer:
    now, operation_id = utc_now(), id_ or new_id()
    return PlainTransfer(
        sortable_id(operation_id, now), 1, 2, 5, "RUB", description, operation_id,
        "transfer.create", "client:a", 643, now,
    )  # fmt: skip


@pytest.mark.parametrize("description", ["", "d"])
@pytest.mark.parametrize("id_", [None, derived_id("key", "client:a", "x")])
def test_a_plain_row_is_the_two_that_it_stands_for(id_: UUID | None, description: str) -> None:
    """Whoever asks gets them, and the same bytes are written."""
    row = plain(id_, description)
    transfer, whole = row.parts()
    assert isinstance(transfer, Transfer)
    assert whole == of(transfer, operation_id=row.operation_id)
    assert row.packed() == TransferTransaction(transfer, whole).packed()
    assert row.row() == TransferTransaction(transfer, whole).row()
    for types in ((Transfer, Transaction), (Transaction, Transfer)):
        records = Records()
        records.put_plain(row)
        assert records.has(Transfer)
        assert records.has(Transaction)
        for type_ in types:
            assert records.get(type_, row.id) == (transfer if type_ is Transfer else whole)
        new = records.only_new()
        assert new is not None
        assert new[TransferTransaction] == [TransferTransaction(transfer, whole)]


def test_a_plain_row_that_changed_is_written_as_it_became() -> None:
    records = Records()
    row, other = plain(), plain()
    records.put_plain(row)
    transfer, _ = row.parts()
    assert records.touches(Ref(Transfer, row.id))
    records.put(transfer.changed(reversed_minor=5))
    records.put_plain(other)
    new = records.only_new()
    assert new is not None
    written = {one.row()["id"]: one.row()["reversed_minor"] for one in new[TransferTransaction]}
    assert written == {row.id: 5, other.id: 0}


def test_a_savepoint_forgets_plain_rows() -> None:
    records = Records()
    first, second = plain(), plain()
    records.put_plain(first)
    undo = records.savepoint()
    records.put_plain(second)
    undo()
    assert records.only_new() == {
        TransferTransaction: [first],
        TransactionTrait: list(Transaction.beside(list(first.parts()[1:]))),
    }


def test_plain_rows_and_others_say_each_trait_once() -> None:
    records = Records()
    row = plain()
    transfer = made().changed(created_at=row.created_at)
    for one in (transfer, of(transfer)):
        records.put(one)
    records.put_plain(row)
    new = records.only_new()
    assert new is not None
    assert len(new[TransactionTrait]) == len(set(new[TransactionTrait])) == 3
    assert len(new[TransferTransaction]) == 2
