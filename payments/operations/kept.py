"""Accounts as this consumer has written them: its next batches need not read them (ADR 0240)."""

from collections.abc import Iterable, Mapping
from typing import Final

from payments.kernel.clock import monotonic_s
from payments.kernel.ids import AccountId
from payments.ledger.account import Account

_HALF_MAX: Final = 25_000
_KEPT_S: Final = 3600.0
"""A transaction number comes again after four thousand million."""
_APART_S: Final = 5.0
"""So long after somebody else has changed an account nothing is kept."""


class Kept:
    """Accounts, each with the transaction that has written its row.

    What anybody else changes gets another transaction, so that a batch decided by what is kept here
    is not written. The half that was used longest ago is forgotten at a time.
    """

    def __init__(self) -> None:
        """Empty."""
        self._young: dict[AccountId, Account] = {}
        self._old: dict[AccountId, Account] = {}
        self._since_s = monotonic_s()
        self._apart_until_s = 0.0
        self._met_until_s = 0.0
        self._shift = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, ids: Iterable[AccountId]) -> dict[AccountId, Account]:
        """Those of them that are kept: whoever takes them changes them, and keeps them again."""
        now_s = monotonic_s()
        if now_s > self._since_s + _KEPT_S:
            self.clear()
            self._since_s = now_s
        young, old = self._young, self._old
        taken: dict[AccountId, Account] = {}
        for id_ in ids:
            account = young.pop(id_, None) or old.pop(id_, None)
            if account is not None:
                taken[id_] = account
        return taken

    def keep(self, accounts: Mapping[AccountId, Account]) -> None:
        """Accounts as their rows are, which nobody is changing by now."""
        if not self.is_open():
            return
        if len(self._young) + len(accounts) > _HALF_MAX:
            self._young, self._old = {}, self._young
        self._young.update(accounts)

    def keep_written(self, accounts: Mapping[AccountId, Account], written_by: int) -> None:
        """Those that this transaction has written, and no later batch is changing by now."""
        self.keep({i: one for i, one in accounts.items() if one.written_by == written_by})

    def drop(self, ids: Iterable[AccountId]) -> None:
        """They are written in another way."""
        if self._young or self._old:
            for id_ in ids:
                self._young.pop(id_, None)
                self._old.pop(id_, None)

    def clear(self) -> None:
        """Keep nothing of what is kept: the session has ended."""
        self._young, self._old = {}, {}

    def stand_apart(self, for_s: float = _APART_S) -> None:
        """Somebody else changes accounts: keep nothing for a while."""
        self.clear()
        self._apart_until_s = max(self._apart_until_s, monotonic_s() + for_s)

    def meet(self, for_s: float) -> None:
        """Another consumer changes accounts too: for a while keep them within a shift only.

        It is what `stand_apart` was called for. Whoever is met within a shift takes none: then
        nothing is kept.
        """
        if self._shift:
            self.stand_apart(for_s)
            return
        self.clear()
        self._apart_until_s = 0.0
        self._met_until_s = max(self._met_until_s, monotonic_s() + for_s)

    def enter(self, shift: int) -> None:
        """Say in which shift the next batch is written, or 0: others wrote between two shifts."""
        if shift != self._shift:
            self.clear()
            self._shift = shift

    def is_open(self) -> bool:
        """True when accounts may be kept: nobody else changes them, as far as we know."""
        now_s = monotonic_s()
        is_ours = self._shift > 0 or now_s >= self._met_until_s
        return is_ours and now_s >= self._apart_until_s
