"""What the stream of transactions costs: the apply path with and without its rows, in pairs."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.operations.batch import Batch
from payments.operations.record import PlainRow, Records
from payments.registry import OPERATIONS
from payments_tools.bench import pairs
from payments_tools.bench.ledger import Say, apply_all, open_wallets
from payments_tools.bench.report import Report, machine, server_settings
from payments_tools.bench.sample import Sample
from streams.entry import Entry

_LEFT_OUT: Final = ((Batch, "_keep_transaction"), (Records, "put_plain"))


async def run(database_url: str, *, transfers: int, accounts: int, batch: int, say: Say) -> Report:
    """Nothing switches transactions off in the product: here they are left out of the batch.

    Transfers are then written to a table of their own, as 0.1.0 does.
    """
    rng = seeded("bench transactions")
    connection = await connect(database_url)
    applier = Applier(OPERATIONS, utc_now, TELLER)
    say(f"opening {accounts:,} wallets")
    ids = await open_wallets(connection, applier, accounts, batch)
    memory.settle()
    usual = [getattr(owner, name) for owner, name in _LEFT_OUT]

    async def with_them(entries: list[Entry]) -> Sample:
        return await apply_all(connection, applier, entries, batch)

    async def without(entries: list[Entry]) -> Sample:
        _replace((_leave_out, _put_alone))
        try:
            return await apply_all(connection, applier, entries, batch)
        finally:
            _replace(usual)

    measured = await pairs.measure((with_them, without), ids, transfers, batch, rng)
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM ONLY transfers)"):
        raise AssertionError("each transfer has its transaction: nothing was left out")
    settings = await server_settings(connection)
    await connection.close()
    return Report(
        title="transactions: what they cost",
        command=f"payments bench transactions --transfers {transfers} --accounts {accounts}",
        machine=machine(),
        settings=settings,
        figures=pairs.figures(measured, "transactions"),
    )


def _replace(ways: Iterable[Callable[..., None]]) -> None:
    for (owner, name), way in zip(_LEFT_OUT, ways, strict=True):
        setattr(owner, name, way)


def _leave_out(*_: Any) -> None:
    """In place of the row of an operation."""


def _put_alone(records: Records, row: PlainRow) -> None:
    """In place of the row that is both: the transfer by itself."""
    transfer, _ = row.parts()
    records._fresh.setdefault(type(transfer), []).append(transfer)  # noqa: SLF001 - see `run`
    if records.watched:
        records.changes.append((None, row))
