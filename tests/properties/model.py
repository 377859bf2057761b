"""A ledger in a hundred lines, for the real one to be compared with."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Hold:
    wallet: int
    left: int


@dataclass
class Model:
    """Wallets count from 0; every method gives the refusal's code, or None when it was applied."""

    balances: list[int]
    frozen: set[int] = field(default_factory=set)
    holds: dict[int, Hold] = field(default_factory=dict)
    transfers: dict[int, list[int]] = field(default_factory=dict)
    """number of the step → [source, destination, amount, given back]"""

    def available(self, wallet: int) -> int:
        return self.balances[wallet] - sum(
            h.left for h in self.holds.values() if h.wallet == wallet
        )

    def _move(self, source: int, destination: int, amount: int) -> None:
        self.balances[source] -= amount
        self.balances[destination] += amount

    def transfer(self, step: int, source: int, destination: int, amount: int) -> str | None:
        if source == destination:
            return "same_wallet"
        if source in self.frozen or destination in self.frozen:
            return "wallet_frozen"
        if self.available(source) < amount:
            return "insufficient_funds"
        self._move(source, destination, amount)
        self.transfers[step] = [source, destination, amount, 0]
        return None

    def reverse(self, transfer: int, amount: int | None) -> str | None:
        found = self.transfers.get(transfer)
        if found is None:
            return "transfer_not_found"
        source, destination, whole, back = found
        wanted = whole - back if amount is None else amount
        if whole == back or wanted > whole - back:
            return "already_reversed"
        if destination in self.frozen:
            return "wallet_frozen"
        if self.available(destination) < wanted:
            return "insufficient_funds"
        if source in self.frozen:
            return "wallet_frozen"
        self._move(destination, source, wanted)
        found[3] += wanted
        return None

    def hold(self, step: int, wallet: int, amount: int) -> str | None:
        if wallet in self.frozen:
            return "wallet_frozen"
        if self.available(wallet) < amount:
            return "insufficient_funds"
        self.holds[step] = Hold(wallet, amount)
        return None

    def capture(self, hold: int, destination: int, amount: int, *, is_final: bool) -> str | None:
        found = self.holds.get(hold)
        if found is None:
            return "hold_not_found"
        if found.left == 0:
            return "hold_closed"
        if found.wallet == destination:
            return "same_wallet"
        if found.wallet in self.frozen or destination in self.frozen:
            return "wallet_frozen"
        if amount > found.left:
            return "exceeds_hold"
        found.left -= amount
        self._move(found.wallet, destination, amount)
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

    def freeze(self, wallet: int, *, is_frozen: bool) -> str | None:
        (self.frozen.add if is_frozen else self.frozen.discard)(wallet)
        return None

    def do(self, step: int, name: str, arguments: dict[str, Any]) -> str | None:
        """Run the step of that name."""
        if name in {"transfer", "hold"}:
            arguments = {"step": step, **arguments}
        result: str | None = getattr(self, name)(**arguments)
        return result
