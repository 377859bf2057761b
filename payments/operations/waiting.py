"""Entries that this release does not understand, and entries that must not overtake them (ADR
0051).
"""

from typing import Final

import structlog

from payments.operations import metrics
from streams.entry import Entry

_WORDS_MAX: Final = 200
_log = structlog.get_logger(__name__)


class Waiting:
    """Entries left in the stream, by partition.

    They stay pending; the next owner of the partition reads them again in their order.
    """

    def __init__(self) -> None:
        self._left: dict[int, dict[str, str]] = {}
        self._blocked: dict[int, set[str]] = {}
        self._logged: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._left)

    def leave(self, entry: Entry, order: str, reason: str) -> None:
        """Leave an entry; later ones of the same `order` wait behind it."""
        self._left.setdefault(entry.partition, {})[entry.stream_id] = order
        if order:
            self._blocked.setdefault(entry.partition, set()).add(order)
        self._count(entry.partition)
        if reason not in self._logged:
            self._logged.add(reason)  # once per reason: there may be thousands of entries
            _log.error(
                "entry_left_for_a_newer_consumer",
                partition=entry.partition,
                stream_id=entry.stream_id,
                not_understood=reason[:_WORDS_MAX],
            )

    def holds_up(self, partition: int, order: str) -> bool:
        """True when an entry of that order was left before."""
        return order in self._blocked.get(partition, ())

    def forget(self, partition: int) -> None:
        """Another consumer owns the partition now."""
        self._left.pop(partition, None)
        self._blocked.pop(partition, None)
        self._count(partition)

    def _count(self, partition: int) -> None:
        count = len(self._left.get(partition, ()))
        metrics.NOT_UNDERSTOOD.labels(f"{partition:02d}").set(count)
