"""`payments bench …`: the benchmarks, on servers of their own that vanish afterwards."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from migrations.run import migrate
from payments.embedded.datadir import DataDir
from payments.embedded.servers import Servers, start_servers
from payments.entrypoints.bench import growth as bench_growth
from payments.entrypoints.bench import http as bench_http
from payments.entrypoints.bench import ledger as bench_ledger
from payments.entrypoints.bench.report import Report, show

app: Final = typer.Typer(
    no_args_is_help=True, help="Measure this product and a row-at-a-time baseline in the same run."
)
Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def say(text: str) -> None:
    """Progress, on stderr, so that --json stays clean."""
    Console(stderr=True).print(f"· {text}", style="dim", highlight=False)


@contextmanager
def own_servers() -> Iterator[Servers]:
    """PostgreSQL and Redis for one benchmark; their data are erased at the end."""
    path = Path(tempfile.mkdtemp(prefix="paybench-", dir="/tmp"))  # short, for sockets
    try:
        with start_servers(path, report=say) as servers:
            migrate(servers.database_url)
            yield servers
    finally:
        DataDir(path).erase()


def measure(run: Callable[[Servers], Awaitable[Report]], *, as_json: bool) -> None:
    """Run it on servers of its own and print what came out."""
    with own_servers() as servers:

        async def once() -> Report:
            return await run(servers)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(once())
    show(report, as_json=as_json)


@app.command()
def ledger(
    transfers: Annotated[int, typer.Option(help="Transfers to apply in each run.")] = 50_000,
    accounts: Annotated[int, typer.Option(help="Wallets they go between.")] = 10_000,
    batch: Annotated[int, typer.Option(help="Transfers a batch.")] = 1000,
    *,
    as_json: Json = False,
) -> None:
    """How fast batches are applied, without HTTP and without the stream."""
    measure(
        lambda s: bench_ledger.run(
            s.database_url, transfers=transfers, accounts=accounts, batch=batch, say=say
        ),
        as_json=as_json,
    )


@app.command()
def http(
    seconds: Annotated[float, typer.Option(help="How long each figure is measured.")] = 8.0,
    *,
    stages: Annotated[
        bool, typer.Option("--stages", help="Also where the CPU time of one request goes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """From the socket to the ledger, load generator included."""
    measure(
        lambda s: bench_http.run(s, seconds=seconds, is_staged=stages, say=say), as_json=as_json
    )


@app.command()
def growth(
    operations: Annotated[int, typer.Option(min=1, help="Put into the tables.")] = 5_000_000,
    accounts: Annotated[int, typer.Option(min=10, help="Wallets they go between.")] = 1_000_000,
    *,
    http: Annotated[bool, typer.Option("--http", help="The figures over HTTP too.")] = False,
    as_json: Json = False,
) -> None:
    """The figures before and after millions of operations are in the tables."""
    size = bench_growth.Size(operations=operations, accounts=accounts, is_http=http)
    measure(lambda s: bench_growth.run(s, size, say), as_json=as_json)
