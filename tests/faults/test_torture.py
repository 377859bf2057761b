"""`payments torture` for a minute: everything breaks, and the journal still fits the ledger."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.faults

SEED = 7
MINUTES = 1


@pytest.mark.timeout(300)
def test_a_minute_of_torture() -> None:
    options = ["--minutes", str(MINUTES), "--seed", str(SEED), "--json"]
    command = [sys.executable, "-m", "payments", "torture", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    told = f"again with: {' '.join(command)}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, told
    report = json.loads(done.stdout)
    assert report["seed"] == SEED
    for promise in ("lost", "doubled", "wrong", "undecided", "parked"):
        assert report[promise] == [], told
    assert report["provider"]["wrong"] == [], told
    assert not any(report["invariants"].values()), told
    assert (report["events"]["missing"], report["events"]["wrong"]) == ([], []), told
    assert report["events"]["written"] > 200, told
    assert len(report["events"]["misdeeds_of_the_receiver"]) >= 2, told
    assert set(report["load"]["operations"]) == {
        "native", "shapes", "wallet service", "bank webhook", "shop", "marketplace", "superpay",
    }, told  # fmt: skip
    assert report["operations"]["accepted"] > 200, told
    assert sum(report["faults"].values()) >= 4, told
