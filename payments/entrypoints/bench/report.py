"""What a benchmark prints: the machine, the settings that make the figures honest, a table, or JSON."""

import os
import platform
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from payments.kernel.database import Connection

_SETTINGS: Final = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what was measured, operations a second, and how it compares to the baseline of the same run."""

    name: str
    per_second: float
    ratio: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    note: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run."""

    title: str
    command: str
    machine: dict[str, str]
    settings: dict[str, str]
    figures: list[Figure]
    extra: dict[str, Any] = {}


def machine() -> dict[str, str]:
    """What this ran on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), model)
    except OSError:
        pass  # not Linux: the architecture must do
    return {"cpu": model, "cores": str(os.cpu_count()), "python": platform.python_version(), "system": platform.system()}


async def server_settings(connection: Connection) -> dict[str, str]:
    """The settings of PostgreSQL that decide what a commit is worth."""
    rows = await connection.fetch("SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)", _SETTINGS)
    return {row["name"]: row["value"] for row in rows}


def show(report: Report, *, as_json: bool) -> None:
    """Print it: a table for people, JSON for programs."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())  # noqa: T201 - the command's output
        return
    console = Console(width=max(100, Console().width))
    console.print(f"\n[bold]{report.title}[/bold]   {report.command}")
    console.print(", ".join(f"{k} {v}" for k, v in {**report.machine, **report.settings}.items()), style="dim")
    table = Table(show_edge=False, pad_edge=False)
    for column, justify in (("what", "left"), ("per second", "right"), ("vs baseline", "right"), ("p50 ms", "right"), ("p99 ms", "right")):
        table.add_column(column, justify="right" if justify == "right" else "left")
    table.add_column("note")
    for f in report.figures:
        ratio = "" if f.ratio is None else f"{f.ratio:.1f}×"
        table.add_row(f.name, f"{f.per_second:,.0f}", ratio, _ms(f.p50_ms), _ms(f.p99_ms), f.note)
    console.print(table)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
