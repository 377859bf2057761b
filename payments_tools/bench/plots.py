"""Plots of a comparison, and the page around them. matplotlib is in the development set only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from payments_tools.bench import report as report_page
from payments_tools.bench.compare import Series, grid
from payments_tools.bench.report import Report, facts, markdown

_OURS: Final = "#1f5fa8"
_BASE: Final = "#c8641e"
_SIZE_INCHES: Final = (10.0, 3.8)
_DPI: Final = 130
_HOW: Final = (
    "Each point is a median, both sides taking turns on the same servers. A transfer of this "
    "ledger waits for its batch, so its latency is the batch's; the baseline's is that of one "
    "transfer at a time on each of eight connections."
)


class NoMatplotlib(Exception):
    """matplotlib is not installed."""

    def __str__(self) -> str:
        return (
            "payments bench compare draws with matplotlib, which is not installed here: "
            "it comes with `make setup`, or run `pip install matplotlib`"
        )


def figure_class() -> Any:
    """The class that draws, imported only where it is needed. Raises `NoMatplotlib`."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - not installed in production
    except ImportError as error:
        raise NoMatplotlib from error
    return Figure


def write(out: Path, report: Report, all_series: Sequence[Series]) -> Path:
    """Plots, figures and the page; returns the page's path."""
    path = report_page.write(out, "compare", report, _page(report, all_series))
    for series in all_series:
        _draw(out, series)
    return path


def _page(report: Report, all_series: Sequence[Series]) -> str:
    parts = [
        "# This ledger and row at a time",
        f"`{report.command}` wrote this; run it again to replace it. {facts(report)}.",
        _HOW,
    ]
    for series in all_series:
        table = markdown(msgspec.structs.replace(grid(series), title=""))
        parts += [f"## {series.title}", f"![{series.title}]({series.name}.svg)", table]
    return "\n\n".join(parts) + "\n"


def _draw(out: Path, series: Series) -> None:
    figure = figure_class()(figsize=_SIZE_INCHES, layout="constrained")
    figure.suptitle(series.title, fontsize=12, fontweight="bold")
    rate, latency = figure.subplots(1, 2)
    x = [p.x for p in series.points]
    _line(rate, x, [p.ours.per_second for p in series.points], "this ledger", _OURS)
    _line(rate, x, [p.base.per_second for p in series.points], "row at a time", _BASE)
    _axes(rate, series, "transfers a second")
    _line(latency, x, [p.ours.p99_ms for p in series.points], "a batch, p99", _OURS, ":")
    _line(latency, x, [p.ours.p50_ms for p in series.points], "a batch, p50", _OURS)
    _line(latency, x, [p.base.p99_ms for p in series.points], "row at a time, p99", _BASE, ":")
    _line(latency, x, [p.base.p50_ms for p in series.points], "row at a time, p50", _BASE)
    _axes(latency, series, "milliseconds")
    figure.savefig(out / f"{series.name}.svg", metadata={"Date": None})
    figure.savefig(out / f"{series.name}.png", dpi=_DPI)


def _line(
    axes: Any, x: list[int], y: list[float], label: str, colour: str, style: str = "-"
) -> None:
    axes.plot(x, y, style, color=colour, label=label, marker="o", markersize=4, linewidth=1.8)


def _axes(axes: Any, series: Series, y_label: str) -> None:
    axes.set_yscale("log")
    if series.is_log_x:
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(series.x_label)
    axes.set_ylabel(y_label)
    axes.yaxis.set_major_formatter(_plain)
    axes.xaxis.set_major_formatter(_plain)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 1.5, high * 3)  # room for the legend above the lines
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper left", ncols=2, fontsize=8, frameon=False)


def _plain(value: float, _position: int) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"  # noqa: PLR2004 - a thousand
