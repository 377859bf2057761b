"""CPU time of one request, by process, and by stage inside API and consumer."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from payments.kernel.clock import monotonic_s
from payments_tools.bench.report import Grid

LOAD: Final = "load generator"
_TOLD_WITHIN_S: Final = 5.0


class Cost(msgspec.Struct, frozen=True):
    """CPU of one figure: microseconds per request by process, and samples by role and stage."""

    name: str
    us_by_process: dict[str, float]
    samples: dict[str, dict[str, int]] = {}


async def told(pid: int, file: Path) -> dict[str, int]:
    """The samples of a role since the last call."""
    _take(file)
    os.kill(pid, signal.SIGUSR1)
    until = monotonic_s() + _TOLD_WITHIN_S
    while True:
        found = _take(file)
        if found is not None:
            return found
        if monotonic_s() > until:
            raise TimeoutError(f"process {pid} did not tell its samples")
        await asyncio.sleep(0.02)


def _take(file: Path) -> dict[str, int] | None:
    if not file.exists():
        return None
    found = msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    file.unlink()
    return found


def cost(
    name: str, requests: int, used_s: Mapping[str, float], samples: dict[str, dict[str, int]]
) -> Cost:
    """Convert the CPU seconds of all requests to microseconds per request."""
    return Cost(name, {who: 1e6 * s / requests for who, s in used_s.items()}, samples)


def grids(costs: list[Cost]) -> list[Grid]:
    """A table by process, and one for each role that was sampled."""
    return [_by_process(costs), *(_by_stage(role, costs) for role in costs[0].samples)]


def _by_process(costs: list[Cost]) -> Grid:
    names = list(costs[0].us_by_process)
    cores = os.cpu_count() or 1
    rows = []
    for cost_ in costs:
        total = sum(cost_.us_by_process.values())
        each = (f"{cost_.us_by_process[name]:.0f}" for name in names)
        rows.append((cost_.name, *each, f"{total:.0f}", f"{cores * 1e6 / total:,.0f}"))
    return Grid(
        title="CPU of one operation by process, microseconds",
        columns=("what", *names, "all", f"a second, if {cores} cores did only this"),
        rows=rows,
    )


def _by_stage(role: str, costs: list[Cost]) -> Grid:
    """Samples are shares of the role's own CPU time."""
    columns = [_stages_us(c.samples[role], c.us_by_process[role]) for c in costs]
    stages = sorted({s for c in columns for s in c}, key=lambda s: -columns[0].get(s, 0))
    return Grid(
        title=f"Inside the {role}, microseconds of CPU a request",
        columns=("stage", *(c.name for c in costs)),
        rows=[(s, *(f"{c.get(s, 0):.1f}" for c in columns)) for s in stages],
    )


def _stages_us(samples: Mapping[str, int], us: float) -> dict[str, float]:
    every = sum(samples.values()) or 1
    return {stage: us * count / every for stage, count in samples.items()}
