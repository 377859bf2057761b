"""Which lines of a bank pay which settlement files. Pure.

A provider pays a file's net (gross less fees) in one transfer, several files in one, or one file in
several. A claim is exact, to the minor unit; a drift has to be allowed for the account.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

RUN_MAX: Final = 31
"""How many files one transfer pays at most, and the other way round."""


class Part(msgspec.Struct, frozen=True):
    """A line of the bank, or a settlement file with its net; `day`: booked, or the file's last."""

    id: UUID
    day: date
    minor: int


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """What pays what; the sums differ by `drift` at most, where that is allowed."""

    lines: tuple[Part, ...]
    files: tuple[Part, ...]

    @property
    def difference(self) -> int:
        """What the bank paid more than the files say."""
        return sum(one.minor for one in self.lines) - sum(one.minor for one in self.files)


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """The pairings; `near`: the one line and the one file that are left, and differ."""

    pairings: tuple[Pairing, ...]
    near: Pairing | None


def paired(lines: Sequence[Part], files: Sequence[Part], drift: int) -> Paired:
    """Pair an account's unclaimed files with the unexplained lines of its payer.

    Each line and each file stands in one pairing at most. Files in the order of their days: a
    transfer pays files that follow each other.
    """
    free_lines, free_files = sorted(lines, key=_order), sorted(files, key=_order)
    pairings = list(_found(free_lines, free_files))
    near = None
    if len(free_lines) == len(free_files) == 1 and free_files[0].day <= free_lines[0].day:
        near = Pairing(lines=tuple(free_lines), files=tuple(free_files))
        if abs(near.difference) <= drift:
            pairings.append(near)
            near = None
    return Paired(pairings=tuple(pairings), near=near)


def _found(lines: list[Part], files: list[Part]) -> Iterator[Pairing]:
    """Exact pairings; takes what they use out of both lists."""
    for line in list(lines):
        run = _run([one for one in files if one.day <= line.day], line.minor)
        if run:
            _take(lines, (line,))
            _take(files, run)
            yield Pairing(lines=(line,), files=run)
    for file in list(files):
        run = _run([one for one in lines if one.day >= file.day], file.minor)
        if run:
            _take(lines, run)
            _take(files, (file,))
            yield Pairing(lines=run, files=(file,))


def _run(parts: Sequence[Part], minor: int) -> tuple[Part, ...]:
    """Parts that follow each other and sum to `minor`: the shortest run, the oldest of those."""
    for length in range(1, min(len(parts), RUN_MAX) + 1):
        for first in range(len(parts) - length + 1):
            run = parts[first : first + length]
            if sum(one.minor for one in run) == minor:
                return tuple(run)
    return ()


def _take(parts: list[Part], taken: Sequence[Part]) -> None:
    ids = {one.id for one in taken}
    parts[:] = [one for one in parts if one.id not in ids]


def _order(part: Part) -> tuple[date, UUID]:
    return part.day, part.id
