"""Output of a benchmark: machine, settings that matter for durability, tables, or JSON."""

import os
import platform
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from payments.kernel.database import Connection

_SETTINGS: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
)

_LOAD_BEFORE: Final = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
"""Load average of the minute before the measurement; above 0.5 the machine was not idle."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what was measured, operations a second, against the baseline of the same run."""

    name: str
    per_second: float
    ratio: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    note: str = ""


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A table of text beside the figures; all columns but the first hold numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run."""

    title: str
    command: str
    machine: dict[str, str]
    settings: dict[str, str]
    figures: list[Figure]
    grids: list[Grid] = []
    extra: dict[str, Any] = {}


def machine() -> dict[str, str]:
    """What this ran on."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(x.split(":", 1)[1].strip() for x in lines if x.startswith("model name"))
    except (OSError, StopIteration):
        pass  # not Linux, or not a PC: the architecture must do
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "system": platform.system(),
        "load before": f"{_LOAD_BEFORE:.1f}",
    }


async def server_settings(connection: Connection) -> dict[str, str]:
    """The settings of PostgreSQL that determine the durability of a commit."""
    rows = await connection.fetch(
        "SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)",
        _SETTINGS,
    )
    return {row["name"]: row["value"] for row in rows}


def figures_grid(figures: list[Figure], title: str = "") -> Grid:
    """The figures as text."""
    return Grid(
        title=title,
        columns=("what", "per second", "vs baseline", "p50 ms", "p99 ms", "note"),
        rows=[
            (
                f.name,
                f"{f.per_second:,.0f}",
                "" if f.ratio is None else f"{f.ratio:.1f} x",
                _ms(f.p50_ms),
                _ms(f.p99_ms),
                f.note,
            )
            for f in figures
        ],
    )


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def show(report: Report, *, as_json: bool) -> None:
    """Print it: tables for people, JSON for programs."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())  # noqa: T201 - the command's output
        return
    console = Console(width=max(100, Console().width))
    console.print(f"\n[bold]{report.title}[/bold]   {report.command}")
    console.print(facts(report), style="dim")
    for grid in (figures_grid(report.figures), *report.grids):
        if grid.rows:
            console.print(_table(grid))
    for name, value in report.extra.items():
        console.print(f"{name}: {value}", style="dim", highlight=False)


def facts(report: Report) -> str:
    """Machine and settings in one line."""
    return ", ".join(f"{k} {v}" for k, v in {**report.machine, **report.settings}.items())


def _table(grid: Grid) -> Table:
    table = Table(
        title=f"\n{grid.title}" if grid.title else None,
        title_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    for column in grid.columns:
        is_text = column in {grid.columns[0], "note"}
        table.add_column(column, justify="left" if is_text else "right")
    for row in grid.rows:
        table.add_row(*row)
    return table


def markdown(grid: Grid) -> str:
    """The table in Markdown, its title above it."""
    bars = ["---"] + ["---:" if c != "note" else "---" for c in grid.columns[1:]]
    lines = [f"| {' | '.join(cells)} |" for cells in (grid.columns, bars, *grid.rows)]
    return "\n".join([f"**{grid.title}**\n"] * bool(grid.title) + lines)


def page(report: Report) -> str:
    """The report as a page of its own; its command replaces it."""
    parts = [
        f"# {report.title[0].upper()}{report.title[1:]}",
        f"`{report.command}` wrote this; run it again to replace it. {facts(report)}.",
        *(markdown(g) for g in (figures_grid(report.figures), *report.grids) if g.rows),
        *(f"{name}: {value}" for name, value in report.extra.items()),
    ]
    return "\n\n".join(parts) + "\n"


def write(out: Path, name: str, report: Report, text: str) -> Path:
    """The page, and the figures for programs beside it; returns the page's path."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    path = out / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path
