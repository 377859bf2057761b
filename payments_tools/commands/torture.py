"""`torture`: the whole platform under load while it is broken, then the reckoning."""

import importlib
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from payments.kernel.randomness import Seeded


def torture(
    minutes: Annotated[float, typer.Option(min=0.05, help="How long the load lasts.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Repeats a run's load and faults.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep data, logs and journal.")] = False,
) -> None:
    """Load on all surfaces, faults at random; exit code 1 when anything is lost or doubled."""
    import uvloop
    from rich.console import Console

    chosen = Seeded().randrange(1, 10**9) if seed is None else seed
    servers_of = importlib.import_module("payments.embedded.servers")
    data_dir = importlib.import_module("payments.embedded.datadir").DataDir
    trial = importlib.import_module("payments_tools.torture.run")
    report = importlib.import_module("payments_tools.torture.report")
    told, began_s = Console(stderr=True, highlight=False, soft_wrap=True), time.monotonic()

    def say(text: str) -> None:
        told.print(f"{time.monotonic() - began_s:6.1f} s  {text}", markup=False)

    path = Path(tempfile.mkdtemp(prefix="paytort-", dir="/tmp"))
    say(f"seed {chosen}; data, logs and journal in {path}")
    is_clean = False
    try:
        with servers_of.start_servers(path, report=say) as servers:
            result = uvloop.run(trial.run(servers, chosen, minutes * 60, say))
        is_clean = result.is_clean
    finally:
        if is_clean and not keep:
            data_dir(path).erase()
    if as_json:
        report.show_json(result)
    else:
        report.show(result, Console(highlight=False))
    if not is_clean:
        told.print(f"data, logs and the journal are kept in {path}")
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Add `payments torture`."""
    app.command()(torture)
