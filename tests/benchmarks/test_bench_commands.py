"""Every benchmark runs from start to end with next to nothing to do: `pytest -m benchmark`."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from payments_tools.bench.report import Report

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]


def bench(*words: str) -> Report:
    """What `payments bench … --json` printed."""
    command = [sys.executable, "-m", "payments", "bench", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=Report)


def test_ledger_is_ten_times_row_at_a_time() -> None:
    report = bench("ledger", "--transfers", "20000", "--accounts", "2000")
    ratios = [f.ratio for f in report.figures if "this ledger" in f.name]
    assert len(ratios) == 2
    assert all(r is not None and r >= 10 for r in ratios)


def test_http_tells_the_cost_of_a_request_by_process_and_stage() -> None:
    report = bench("http", "--seconds", "1", "--stages")
    assert len(report.figures) == 18
    by_process, *inside = report.grids
    assert {"load generator", "api", "consumer", "redis", "postgres", "all"} <= set(
        by_process.columns
    )
    assert len(by_process.rows) == 17
    assert [g.title.split(",")[0] for g in inside] == ["Inside the api", "Inside the consumer"]
    assert all(grid.rows for grid in inside)


@pytest.mark.parametrize("also", [[], ["--http"]], ids=["ledger", "http"])
def test_growth_compares_fresh_tables_with_grown_ones(also: list[str]) -> None:
    sizes = ["--operations", "4000", "--accounts", "2000", "--round", "1000"]
    report = bench("growth", *sizes, *also)
    changes, steps = report.grids
    assert len(changes.rows) == (6 if also else 3)
    assert all(row[3].endswith(" %") and row[4].endswith(" %") for row in changes.rows)
    assert len(steps.rows) == 1


def test_compare_writes_a_page_with_plots(tmp_path: Path) -> None:
    sizes = ["--transfers", "200", "--accounts", "50", "--rows", "1000"]
    bench("compare", "--out", str(tmp_path), *sizes)
    page = (tmp_path / "compare.md").read_text()
    for name in ("batch-size", "hot-share", "table-size"):
        assert f"({name}.svg)" in page
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("table", ["entries", "operations"])
def test_partitions_compares_layouts_of_a_table(table: str) -> None:
    report = bench(
        "partitions", "--table", table, "--rows", "20000", "--accounts", "2000", "--rounds", "1"
    )
    assert report.figures[0].ratio == 1
    assert len(report.figures) == (4 if table == "entries" else 2)
    reads, sizes = report.grids
    assert len(sizes.rows) == len(reads.rows[0]) - 1 == len(report.figures)
