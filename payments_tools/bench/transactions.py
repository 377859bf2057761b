"""What the stream of transactions costs: the apply path with and without its rows, in pairs."""

from typing import Any

from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.operations.batch import Batch
from payments.registry import OPERATIONS
from payments_tools.bench import pairs
from payments_tools.bench.ledger import Say, apply_all, open_wallets
from payments_tools.bench.report import Report, machine, server_settings
from payments_tools.bench.sample import Sample
from streams.entry import Entry

_KEEPS = "_keep_transaction"


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
    keep = getattr(Batch, _KEEPS)

    async def with_them(entries: list[Entry]) -> Sample:
        return await apply_all(connection, applier, entries, batch)

    async def without(entries: list[Entry]) -> Sample:
        setattr(Batch, _KEEPS, _leave_out)
        try:
            return await apply_all(connection, applier, entries, batch)
        finally:
            setattr(Batch, _KEEPS, keep)

    measured = await pairs.measure((with_them, without), ids, transfers, batch, rng)
    settings = await server_settings(connection)
    await connection.close()
    return Report(
        title="transactions: what they cost",
        command=f"payments bench transactions --transfers {transfers} --accounts {accounts}",
        machine=machine(),
        settings=settings,
        figures=pairs.figures(measured, "transactions"),
    )


def _leave_out(*_: Any) -> None:
    """In place of the row of an operation."""
