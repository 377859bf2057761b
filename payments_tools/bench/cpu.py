"""CPU time of running processes and their children, from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Fields of /proc/<pid>/stat, counted after the name in brackets."""


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds used so far by each named process, those it started and those that ended."""
    stats = _stats()
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    return {name: _tree(root, stats, children) for name, root in roots.items()}


def _tree(root: int, stats: Mapping[int, list[str]], children: Mapping[int, list[int]]) -> float:
    """Ended children count in their parent's sum, so that the value never decreases."""
    ticks, todo = 0, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        if pid in stats:
            fields = stats[pid]
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
            ticks += int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])
    return ticks / _TICKS_A_SECOND


def _stats() -> dict[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended while we looked
            found[int(entry.name)] = text.rpartition(")")[2].split()
    return found
