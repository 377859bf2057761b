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
    wallets: int
    """How many of these are wallets; the others are house accounts."""
    limits: dict[int, int] = field(default_factory=dict)
    """How far below zero a wallet may go; 0 when it is not here."""
    frozen: dict[int, str] = field(default_factory=dict)
    """Which way money does not go: debits, credits or both; or closed."""
    backdated: list[tuple[int, int, int]] = field(default_factory=list)
    """What a transaction with an effective time changed: wallet, minor, days ago."""
    holds: dict[int, Hold] = field(default_factory=dict)
    moved: dict[int, Moved] = field(default_factory=dict)
    """By the number of the step."""

    def held(self, wallet: int) -> int:
        return sum(h.left for h in self.holds.values() if h.wallet == wallet)

    def available(self, wallet: int) -> int:
        return self.balances[wallet] - self.held(wallet) + self.limits.get(wallet, 0)

    def _objection(self, *wallets: tuple[int, str]) -> str | None:
        """Why one of these cannot pay (debits) or be paid (credits): the first one's."""
        for wallet, way in wallets:
            state = self.frozen.get(wallet)
            if state == "closed":
                return "wallet_closed"
            if state in {way, "both"}:
                return "wallet_frozen"
        return None

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
        if objection := self._objection((source, "debits"), (destination, "credits")):
            return objection
        if self.available(source) < amount:
            return "insufficient_funds"
        self._move(step, "transfer", [(source, destination, amount)])
        return None

    def transaction(
        self, step: int, postings: Sequence[dict[str, Any]], days: int | None
    ) -> str | None:
        """The first posting that cannot be made says why; money is looked at last."""
        for one in postings:
            for side, way in (("source", "debits"), ("destination", "credits")):
                wallet = one[side]
                if self.currencies[wallet] != one["currency"]:
                    return "currency_mismatch"
                if objection := self._objection((wallet, way)):
                    return objection
        moves = [(one["source"], one["destination"], one["amount"]) for one in postings]
        if self._short(moves):
            return "insufficient_funds"
        self._move(step, "transaction", moves)
        if days is not None:
            for source, destination, amount in moves:
                self.backdated += [(source, -amount, days), (destination, amount, days)]
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
        if objection := self._objection((destination, "debits")):
            return objection
        if self.available(destination) < minor:
            return "insufficient_funds"
        if objection := self._objection((source, "credits")):
            return objection
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
        for source, destination, _ in postings:
            if objection := self._objection((source, "debits"), (destination, "credits")):
                return objection
        short = self._short(postings)
        if short and not (is_forced and all(one < self.wallets for one in short)):
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

    def bulk(self, step: int, parts: Sequence[tuple[str, dict[str, Any]]]) -> list[str | None]:
        """Each part in its order, on what the others before it have left."""
        return [
            self.do(-(step * 10 + index + 1), name, arguments)
            for index, (name, arguments) in enumerate(parts)
        ]

    def hold(self, step: int, wallet: int, amount: int) -> str | None:
        if objection := self._objection((wallet, "debits")):
            return objection
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
        if objection := self._objection((found.wallet, "debits"), (destination, "credits")):
            return objection
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

    def close(self, wallet: int) -> str | None:
        if self.frozen.get(wallet) == "closed":
            return "wallet_closed"
        if self.balances[wallet] or self.held(wallet):
            return "wallet_not_empty"
        self.frozen[wallet] = "closed"
        return None

    def freeze(self, wallet: int, direction: str | None) -> str | None:
        if self.frozen.get(wallet) == "closed":
            return "wallet_closed"
        if direction is None:
            self.frozen.pop(wallet, None)
        else:
            self.frozen[wallet] = direction
        return None

    def limit(self, wallet: int, amount: int) -> str | None:
        """A lower limit than before must cover what is overdrawn."""
        if self.frozen.get(wallet) == "closed":
            return "wallet_closed"
        position = self.balances[wallet] - self.held(wallet)
        if position < -amount and amount < self.limits.get(wallet, 0):
            return "overdraft_in_use"
        self.limits[wallet] = amount
        return None

    def do(self, step: int, name: str, arguments: dict[str, Any]) -> Any:
        """Run the step of that name."""
        if name not in {"release", "freeze", "limit", "close"}:
            arguments = {"step": step, **arguments}
        return getattr(self, name)(**arguments)
