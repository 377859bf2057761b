"""The faults of torture: one that meets another is told, and the run goes on."""

import asyncio
from typing import Any

import pytest
import redis.exceptions

from payments.kernel.randomness import Seeded
from payments_tools.torture import run
from payments_tools.torture.faults import FAULTS
from payments_tools.torture.stage import Stage


class Working:
    """A journal whose clients got on whenever it is asked."""

    _asked = 0

    @property
    def settled(self) -> int:
        self._asked += 10**9
        return self._asked


@pytest.mark.parametrize(
    "error", [redis.exceptions.ConnectionError("gone"), OSError("gone"), TimeoutError("gone")]
)
async def test_a_fault_that_meets_another_ends_neither_the_run_nor_its_end(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    second = asyncio.Event()
    strikes: list[str] = []

    async def strike(_stage: Stage, _rng: Seeded) -> None:
        strikes.append("struck")
        if len(strikes) == 1:
            raise error
        second.set()
        try:
            await asyncio.sleep(60)
        finally:  # the repair fails as well, while the load ends
            raise error

    monkeypatch.setattr(run, "FAULTS", dict.fromkeys(FAULTS, strike))
    monkeypatch.setattr(run, "plan", lambda _rng: ((0.0, kind) for kind in FAULTS))
    lines: list[str] = []
    stage: Any = None
    journal: Any = Working()
    task = asyncio.create_task(run._break(stage, run.Result(1), journal, 0, lines.append))
    await second.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert any(repr(error) in line for line in lines)
