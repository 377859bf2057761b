"""Measures several sides in turn, so that a machine that becomes slower affects all of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def rounds(
    sides: Sequence[T], count: int, warm: int, say: Callable[[str], None]
) -> Iterator[tuple[list[T], bool]]:
    """For each round the sides, each time beginning with the next one, and whether it counts.

    The `warm` first do not.
    """
    for turn in range(warm + count):
        say(f"round {turn + 1} of {warm + count}")
        first = turn % len(sides)
        yield [*sides[first:], *sides[:first]], turn >= warm
