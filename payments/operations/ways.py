"""How a consumer locks the accounts of its batches, by what it has met lately."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from payments.kernel.clock import monotonic_s
from payments.ledger.account import ChangedSinceError
from payments.operations.kept import Kept
from payments.operations.locking import Locking

_CONTENDED_S: Final = 5.0
"""So long after another consumer had one of our accounts, batches outside a shift wait for them.
Nobody meets in a shift: twice as long each time that they meet again soon after it.
"""
_CONTENDED_MAX_S: Final = 60.0
_PRESUMED_S: Final = 600.0
"""So long after others were taken for consumers of our accounts, what was found since holds."""

_MET: Final = (asyncpg.LockNotAvailableError, asyncpg.UniqueViolationError)
"""What fails where another consumer is writing our accounts: the second by the numbers of entries.
"""


class Ways:
    """The first attempt at a batch, and further ones."""

    def __init__(self, kept: Kept, *, sets_aside: bool) -> None:
        """Without `sets_aside` every batch waits for what is locked."""
        self._kept = kept
        self._sets_aside = sets_aside
        self._contended_s = 0.0
        self._contended_until_s = 0.0
        self._presume_at_s = 0.0

    def presume(self) -> None:
        """Another consumer has a backlog too: take it that it needs our accounts.

        To find out costs seconds, for what was decided is thrown away; turns cost little.
        """
        if monotonic_s() >= self._presume_at_s:
            self._presume_at_s = monotonic_s() + _PRESUMED_S
            self.contended()

    def contended(self) -> None:
        """Another consumer had one of our accounts."""
        now_s = monotonic_s()
        if now_s >= self._contended_until_s:
            is_again = now_s < self._contended_until_s + self._contended_s
            longer_s = min(2 * self._contended_s, _CONTENDED_MAX_S)
            self._contended_s = longer_s if is_again else _CONTENDED_S
        self._contended_until_s = now_s + self._contended_s
        # Longer: whether they still meet is first found out with locks.
        self._kept.meet(2 * self._contended_s)

    def failed(self, error: Exception) -> None:
        """A batch beside others was not written.

        A changed account alone may be an operator's hold or an answer about a balance: accounts are
        locked for a while, which tells whether a consumer is there.
        """
        if isinstance(error, _MET):
            self.contended()
        elif isinstance(error, ChangedSinceError):
            self._kept.stand_apart()

    def is_contended(self) -> bool:
        """True when that was a moment ago."""
        return monotonic_s() < self._contended_until_s

    def beside(self, *, shift: int, has_aside: bool) -> Sequence[Locking]:
        """For a batch beside others; in a `shift` no other consumer writes."""
        if not self._sets_aside:
            return (Locking.WAIT,)
        if self.is_contended() and not shift:
            return (Locking.PATIENT, Locking.PASSING)
        is_usual = not has_aside and self._kept.is_open()
        return (Locking.KEPT if is_usual else Locking.CLAIM, Locking.PATIENT, Locking.PASSING)

    def alone(self, *, is_first: bool) -> Locking:
        """For an attempt while nothing else of this consumer is under way."""
        if not self._sets_aside:
            return Locking.WAIT
        return Locking.PATIENT if is_first else Locking.PASSING
