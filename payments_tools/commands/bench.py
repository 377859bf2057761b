"""`payments bench …`: the benchmarks, on temporary servers of their own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from payments.embedded.servers import Servers
    from payments_tools.bench.report import Report

app: Final = typer.Typer(
    no_args_is_help=True, help="Measure this product and a row-at-a-time baseline in the same run."
)
Found = TypeVar("Found")
InPairs = Annotated[int, typer.Option(help="Transfers to apply with and without.")]
Between = Annotated[int, typer.Option(help="Wallets they go between.")]
ABatch = Annotated[int, typer.Option(help="Transfers a batch.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Out = Annotated[Path | None, typer.Option(help="A folder to write the figures to, as a page too.")]


def say(text: str) -> None:
    """Progress, on stderr, so that --json stays clean."""
    from rich.console import Console

    Console(stderr=True).print(f"· {text}", style="dim", highlight=False)


@contextmanager
def own_servers() -> Iterator[Servers]:
    """PostgreSQL and Redis for one benchmark; their data are erased at the end."""
    from migrations.run import migrate
    from payments.embedded.datadir import DataDir
    from payments.embedded.servers import start_servers

    path = Path(tempfile.mkdtemp(prefix="paybench-", dir="/tmp"))  # short, for sockets
    try:
        with start_servers(path, report=say) as servers:
            migrate(servers.database_url)
            yield servers
    finally:
        DataDir(path).erase()


def on_own_servers(run: Callable[[Servers], Coroutine[Any, Any, Found]]) -> Found:
    """Run it on servers of its own."""
    import uvloop

    with own_servers() as servers, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(servers))


def measure(
    name: str,
    run: Callable[[Servers], Coroutine[Any, Any, Report]],
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run it on servers of its own, print what came out, and write the page if one is wanted."""
    from payments_tools.bench.report import page, show, write

    report = on_own_servers(run)
    show(report, as_json=as_json)
    if out is not None:
        say(f"written: {write(out, name, report, page(report))}")


@app.command()
def ledger(
    transfers: Annotated[int, typer.Option(help="Transfers to apply in each run.")] = 50_000,
    accounts: Between = 10_000,
    batch: ABatch = 2000,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """How fast batches are applied, without HTTP and without the stream."""
    from payments_tools.bench import ledger as bench_ledger

    measure(
        "ledger",
        lambda s: bench_ledger.run(
            s.database_url, transfers=transfers, accounts=accounts, batch=batch, say=say
        ),
        out,
        as_json=as_json,
    )


@app.command()
def events(
    transfers: InPairs = 30_000,
    accounts: Between = 10_000,
    batch: ABatch = 1000,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """What events cost on the apply path, and how fast a reader catches up."""
    from payments_tools.bench import events as bench_events

    measure(
        "events",
        lambda s: bench_events.run(s, transfers=transfers, accounts=accounts, batch=batch, say=say),
        out,
        as_json=as_json,
    )


@app.command()
def transactions(
    transfers: InPairs = 30_000,
    accounts: Between = 10_000,
    batch: ABatch = 1000,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """What a row for each transaction costs on the apply path."""
    from payments_tools.bench import transactions as bench_transactions

    measure(
        "transactions",
        lambda s: bench_transactions.run(
            s.database_url, transfers=transfers, accounts=accounts, batch=batch, say=say
        ),
        out,
        as_json=as_json,
    )


@app.command()
def console(
    transactions: Annotated[int, typer.Option(min=1, help="Put into the tables.")] = 1_000_000,
    wallets: Annotated[int, typer.Option(min=2, help="Wallets they go between.")] = 100_000,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """How long each page of the console takes."""
    from payments_tools.bench import console as bench_console

    measure(
        "console",
        lambda s: bench_console.run(s, transactions=transactions, wallets=wallets, say=say),
        out,
        as_json=as_json,
    )


@app.command()
def http(
    seconds: Annotated[float, typer.Option(help="How long each figure is measured.")] = 8.0,
    out: Out = None,
    *,
    stages: Annotated[
        bool, typer.Option("--stages", help="Also where the CPU time of one request goes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """From the socket to the ledger, load generator included."""
    from payments_tools.bench import http as bench_http

    measure(
        "http",
        lambda s: bench_http.run(s, seconds=seconds, is_staged=stages, say=say),
        out,
        as_json=as_json,
    )


@app.command()
def statements(
    lines: Annotated[int, typer.Option(min=30, help="Lines of the file.")] = 1_000_000,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """How long a bank's statement takes from the file to the ledger, and how much memory."""
    from payments_tools.bench import statements as bench_statements

    measure(
        "statements",
        lambda s: bench_statements.run(s, lines=lines, say=say),
        out,
        as_json=as_json,
    )


@app.command()
def growth(
    operations: Annotated[int, typer.Option(min=1, help="Put into the tables.")] = 5_000_000,
    accounts: Annotated[int, typer.Option(min=10, help="Wallets they go between.")] = 1_000_000,
    round_size: Annotated[
        int | None, typer.Option("--round", min=10, help="Transfers of one round of a figure.")
    ] = None,
    out: Out = None,
    *,
    http: Annotated[bool, typer.Option("--http", help="The figures over HTTP too.")] = False,
    as_json: Json = False,
) -> None:
    """The figures before and after millions of operations are in the tables."""
    from payments_tools.bench import growth as bench_growth

    size = bench_growth.Size(
        operations=operations,
        accounts=accounts,
        is_http=http,
        round=round_size or bench_growth.ROUND,
    )
    measure("growth", lambda s: bench_growth.run(s, size, say), out, as_json=as_json)


@app.command()
def partitions(
    table: Annotated[str, typer.Option(help="entries or operations.")] = "entries",
    rows: Annotated[int, typer.Option(min=10_000, help="Rows in each layout.")] = 20_000_000,
    accounts: Annotated[int, typer.Option(min=1000, help="Accounts of the entries.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each layout.")] = 12,
    script: Annotated[
        Path | None, typer.Option(help="Then convert entries by this script, and time it.")
    ] = None,
    out: Out = None,
    *,
    as_json: Json = False,
) -> None:
    """The append-only tables as one table, by hash and by time, beside each other."""
    from payments_tools.bench import partitions as bench_partitions

    if table not in {"entries", "operations"}:
        raise typer.BadParameter("entries or operations", param_hint="--table")
    size = bench_partitions.Size(
        table=table, rows=rows, accounts=accounts, rounds=rounds, script=script
    )
    measure(
        f"partitions-{table}",
        lambda s: bench_partitions.run(s.database_url, size, say),
        out,
        as_json=as_json,
    )


@app.command()
def compare(
    out: Annotated[Path, typer.Option(help="Where the page and the plots go.")] = Path(
        "bench-compare"
    ),
    transfers: Annotated[int, typer.Option(min=100, help="Transfers a point at most.")] = 20_000,
    accounts: Annotated[int, typer.Option(min=10, help="Wallets they go between.")] = 10_000,
    rows: Annotated[int, typer.Option(min=0, help="Largest table, in transfers.")] = 800_000,
    *,
    as_json: Json = False,
) -> None:
    """Plots against batch size, hot share and table size, beside row at a time."""
    import msgspec

    from payments_tools.bench import compare as bench_compare
    from payments_tools.bench import plots
    from payments_tools.bench.report import show

    try:
        plots.figure_class()
    except plots.NoMatplotlib as error:
        raise typer.BadParameter(str(error)) from error
    size = bench_compare.Size(transfers=transfers, accounts=accounts, rows=rows)
    report, series = on_own_servers(lambda s: bench_compare.run(s.database_url, size, say))
    path = plots.write(out, report, series)
    if as_json:
        show(report, as_json=True)
    else:
        show(msgspec.structs.replace(report, extra={"written": str(path)}), as_json=False)


def add_to(commands: typer.Typer) -> None:
    """Add `payments bench`."""
    commands.add_typer(app, name="bench")
