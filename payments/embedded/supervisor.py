"""Watches children and restarts the ones that die, with a growing delay."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from payments.embedded.process import Child

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0
"""A child that lived this long gets the shortest delay again."""


@dataclass
class _Watch:
    child: Child
    delay_s: float = FIRST_DELAY_S
    due_at_s: float | None = None


@dataclass
class Supervisor:
    """Children in the order they were added. Call `tick` often; it never blocks."""

    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _watched: list[_Watch] = field(default_factory=list)

    @property
    def children(self) -> list[Child]:
        """All watched children, the first added first."""
        return [watch.child for watch in self._watched]

    def add(self, child: Child) -> None:
        """Watch a child; starts it when it does not run."""
        self._watched.append(_Watch(child))
        if not child.running():
            child.start()

    def tick(self) -> None:
        """Look at every child once."""
        for watch in self._watched:
            if not watch.child.running():
                self._revive(watch)

    def _revive(self, watch: _Watch) -> None:
        """Plan the restart of a dead child, or carry out the one that is due."""
        now_s = self.clock()
        if watch.due_at_s is None:
            if now_s - watch.child.started_at_s >= HEALTHY_AFTER_S:
                watch.delay_s = FIRST_DELAY_S
            watch.due_at_s = now_s + watch.delay_s
            self.report(
                f"{watch.child.name} {watch.child.exit_text()}; starting it again in "
                f"{watch.delay_s:.1f} s (log: {watch.child.log})"
            )
        elif now_s >= watch.due_at_s:
            watch.due_at_s = None
            watch.delay_s = min(watch.delay_s * 2, LONGEST_DELAY_S)
            watch.child.kill()  # what is left of its group
            watch.child.start()
