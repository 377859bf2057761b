"""`payments bench ledger`, with next to nothing to do: it runs, and says what it promises."""

import subprocess
import sys

import msgspec

from payments_tools.bench.report import Report


def test_the_ledger_is_measured_against_row_at_a_time() -> None:
    words = ["bench", "ledger", "--transfers", "300", "--accounts", "50", "--batch", "100"]
    command = [sys.executable, "-m", "payments", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    ours, base = report.figures[:2]
    assert ours.ratio == ours.per_second / base.per_second
    assert ours.p50_ms is not None
    assert base.ratio == 1
    limit = report.figures[2]
    assert "limit" in limit.name
    assert report.extra["share of the limit, uniform accounts"] == (
        f"{ours.per_second / limit.per_second:.2f}"
    )
    assert report.settings["fsync"] == report.settings["synchronous_commit"] == "on"
    assert report.command == f"payments {' '.join(words)}"
