"""A small ledger, for the real one to be compared with."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Postings = Sequence[tuple[int, int, int]]
"""Source, destination and amount of each."""


@dataclass
class Hold:
    wallet: int
    left: int


@dataclass
class Moved:
    """A transaction: its postings, what may be done with it, what was given back of a transfer."""

    kind: str
    postings: list[tuple[int, int, int]]
    returned: int = 0
    is_reversed: bool = False


@dataclass
class Model:
    """Wallets count from 0; every method gives the refusal's code, or None when it was applied."""

    balances: list[int]
    currencies: list[str]
    limits: dict[int, int] = field(default_factory=dict)
    """How far below zero a wallet may go; 0 when it is not here."""
    frozen: dict[int, str] = field(default_factory=dict)
    """Which way money does not go: debits, credits or both."""
    holds: dict[int, Hold] = field(default_factory=dict)
    moved: dict[int, Moved] = field(default_factory=dict)
    """By the number of the step."""

    def held(self, wallet: int) -> int:
        return sum(h.left for h in self.holds.values() if h.wallet == wallet)

    def available(self, wallet: int) -> int:
        return self.balances[wallet] - self.held(wallet) + self.limits.get(wallet, 0)

    def _pays(self, wallet: int) -> bool:
        return self.frozen.get(wallet) not in {"debits", "both"}

    def _is_paid(self, wallet: int) -> bool:
        return self.frozen.get(wallet) not in {"credits", "both"}

    def _move(self, step: int, kind: str, postings: Postings) -> None:
        for source, destination, amount in postings:
            self.balances[source] -= amount
            self.balances[destination] += amount
        self.moved[step] = Moved(kind, list(postings))

    def _short(self, postings: Postings) -> set[int]:
        """Wallets that lack the money on the sum of all postings."""
        change = dict.fromkeys((w for one in postings for w in one[:2]), 0)
        for source, destination, amount in postings:
            change[source] -= amount
            change[destination] += amount
        return {w for w, minor in change.items() if minor < 0 and self.available(w) + minor < 0}

    def transfer(self, step: int, source: int, destination: int, amount: int) -> str | None:
        if source == destination:
            return "same_wallet"
        if not self._pays(source) or not self._is_paid(destination):
            return "wallet_frozen"
        if self.available(source) < amount:
            return "insufficient_funds"
        self._move(step, "transfer", [(source, destination, amount)])
        return None

    def transaction(self, step: int, postings: Sequence[dict[str, Any]]) -> str | None:
        """The first posting that cannot be made says why; money is looked at last."""
        for one in postings:
            for side, is_open in (("source", self._pays), ("destination", self._is_paid)):
                wallet = one[side]
                if self.currencies[wallet] != one["currency"]:
                    return "currency_mismatch"
                if not is_open(wallet):
                    return "wallet_frozen"
        moves = [(one["source"], one["destination"], one["amount"]) for one in postings]
        if self._short(moves):
            return "insufficient_funds"
        self._move(step, "transaction", moves)
        return None

    def reverse(self, step: int, transfer: int, amount: int | None) -> str | None:
        moved = self.moved.get(transfer)
        kind = None if moved is None else moved.kind
        if moved is None or kind != "transfer":
            return "not_reversible" if kind == "transfer back" else "transfer_not_found"
        ((source, destination, whole),) = moved.postings
        minor = whole - moved.returned if amount is None else amount
        if whole == moved.returned or minor > whole - moved.returned:
            return "already_reversed"
        if not self._pays(destination):
            return "wallet_frozen"
        if self.available(destination) < minor:
            return "insufficient_funds"
        if not self._is_paid(source):
            return "wallet_frozen"
        self._move(step, "transfer back", [(destination, source, minor)])
        moved.returned += minor
        return None

    def undo(self, step: int, transaction: int, *, is_forced: bool) -> str | None:
        """Reverse a whole transaction; forced, whoever got the money may be left in debt."""
        moved = self.moved.get(transaction)
        if moved is None:
            return "transaction_not_found"
        if moved.kind.endswith("back"):
            return "not_reversible"
        if moved.is_reversed or moved.returned:
            return "already_reversed"
        postings = [(d, s, minor) for s, d, minor in reversed(moved.postings)]
        if not all(self._pays(s) and self._is_paid(d) for s, d, _ in postings):
            return "wallet_frozen"
        if self._short(postings) and not is_forced:
            return "insufficient_funds"
        is_transfer = moved.kind == "transfer"
        self._move(step, "transfer back" if is_transfer else "back", postings)
        moved.is_reversed = True
        moved.returned = moved.postings[0][2] if is_transfer else 0
        return None

    def group(self, step: int, parts: Sequence[tuple[str, dict[str, Any]]]) -> str | None:
        """All parts or none. Nobody names a part afterwards: its number is below zero."""
        before = copy.deepcopy(vars(self))
        for index, (name, arguments) in enumerate(parts):
            if self.do(-(step * 10 + index + 1), name, arguments) is not None:
                vars(self).update(before)
                return "bulk_rejected"
        return None

    def hold(self, step: int, wallet: int, amount: int) -> str | None:
        if not self._pays(wallet):
            return "wallet_frozen"
        if self.available(wallet) < amount:
            return "insufficient_funds"
        self.holds[step] = Hold(wallet, amount)
        return None

    def capture(
        self, step: int, hold: int, destination: int, amount: int, *, is_final: bool
    ) -> str | None:
        found = self.holds.get(hold)
        if found is None:
            return "hold_not_found"
        if found.left == 0:
            return "hold_closed"
        if found.wallet == destination:
            return "same_wallet"
        if not self._pays(found.wallet) or not self._is_paid(destination):
            return "wallet_frozen"
        if amount > found.left:
            return "exceeds_hold"
        found.left -= amount
        self._move(step, "capture", [(found.wallet, destination, amount)])
        found.left = 0 if is_final else found.left
        return None

    def release(self, hold: int) -> str | None:
        found = self.holds.get(hold)
        if found is None:
            return "hold_not_found"
        if found.left == 0:
            return "hold_closed"
        found.left = 0
        return None

    def freeze(self, wallet: int, direction: str | None) -> str | None:
        if direction is None:
            self.frozen.pop(wallet, None)
        else:
            self.frozen[wallet] = direction
        return None

    def limit(self, wallet: int, amount: int) -> str | None:
        """A lower limit than before must cover what is overdrawn."""
        position = self.balances[wallet] - self.held(wallet)
        if position < -amount and amount < self.limits.get(wallet, 0):
            return "overdraft_in_use"
        self.limits[wallet] = amount
        return None

    def do(self, step: int, name: str, arguments: dict[str, Any]) -> str | None:
        """Run the step of that name."""
        if name not in {"release", "freeze", "limit"}:
            arguments = {"step": step, **arguments}
        result: str | None = getattr(self, name)(**arguments)
        return result
