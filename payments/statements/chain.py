"""Control sums, and statements of one account that follow each other in a file."""

from collections.abc import Iterable

from payments.kernel.money import Currency, currency_of
from payments.kernel.rows import Faults
from payments.statements.amounts import told
from payments.statements.statement import Statement


def check_sum(
    faults: Faults, row: int, field: str, says: int, has: int, currency: Currency
) -> None:
    """A sum that the file says is the sum of its lines; both numbers stand in the fault."""
    if says != has:
        found = f"lines that give {told(has, currency)}"
        faults.add(row, field, found, f"{told(says, currency)}, as the file says")


def joined(statements: Iterable[tuple[int, Statement]], faults: Faults) -> list[Statement]:
    """One statement an account: pages and days that follow each other are put together.

    Each comes with the line of the file it begins on. One that does not begin with what the one
    before it ended with is a fault, unless there are others: then something may be left out.
    """
    accounts: dict[str, Statement] = {}
    for row, statement in statements:
        before = accounts.get(statement.account)
        if before is None:
            accounts[statement.account] = statement
            continue
        if not faults.count:
            _check_follows(before, statement, row, faults)
        before.lines.extend(statement.lines)
        accounts[statement.account] = Statement(
            account=before.account,
            currency=before.currency,
            begins=min(before.begins, statement.begins),
            ends=max(before.ends, statement.ends),
            opening_minor=before.opening_minor,
            closing_minor=statement.closing_minor,
            lines=before.lines,
            is_continued=before.is_continued,
            pending=before.pending + statement.pending,
            made=statement.made or before.made,
        )
    return list(accounts.values())


def _check_follows(before: Statement, after: Statement, row: int, faults: Faults) -> None:
    currency = currency_of(before.currency)
    if after.currency != before.currency:
        faults.add(row, "currency", after.currency, before.currency)
    elif after.opening_minor is not None and before.closing_minor is not None:
        is_same = after.opening_minor == before.closing_minor
        if not is_same:
            expected = f"{told(before.closing_minor, currency)}, what the part before it ends with"
            faults.add(row, "opening balance", told(after.opening_minor, currency), expected)
