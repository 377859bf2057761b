"""The native API: transfers, reversals, adjustments, holds and what becomes of them."""

from collections import deque
from typing import Any, Final

from payments.ledger.chart import wallet
from payments_tools.torture.drivers.driver import CURRENCY, Surface, amount
from payments_tools.torture.drivers.wallets import adjustment, opened
from payments_tools.torture.journal import Call, Document

_WALLETS: Final = 12
_MONEY_MINOR: Final = 100_000_00
_TOO_MUCH_MINOR: Final = 10 * _MONEY_MINOR
_LEFT_ALONE: Final = 0.2
"""Part of the holds that nobody captures or releases."""


class Native(Surface):
    """Clients with an API key."""

    name = "native"
    weight = 8

    async def prepare(self) -> None:
        """Open and fund the wallets."""
        self.wallets = await opened(self, _WALLETS, _MONEY_MINOR)
        self._holds: deque[tuple[str, int, int]] = deque()
        self._transfers: deque[tuple[str, int, int, int]] = deque()

    def next(self) -> Call:
        """Mostly transfers."""
        draw = self.rng.random()
        if draw < 0.1:  # noqa: PLR2004 - a share of the load
            return self._hold()
        if draw < 0.2 and self._holds:  # noqa: PLR2004 - a share of the load
            return self._end_of_hold(*self._holds.popleft())
        if draw < 0.27 and self._transfers:  # noqa: PLR2004 - a share of the load
            return self._reversal(*self._transfers.popleft())
        if draw < 0.33:  # noqa: PLR2004 - a share of the load
            minor = self.rng.randint(1, 5000) * self.rng.choice((-1, 1))
            return adjustment(self, self.rng.choice(self.wallets), minor)
        return self._transfer()

    def _transfer(self) -> Call:
        source, destination = self.rng.sample(self.wallets, 2)
        is_too_much = self.rng.random() < 0.03  # noqa: PLR2004 - a few must be refused
        minor = _TOO_MUCH_MINOR if is_too_much else self.rng.randint(1, 50_00)
        body: dict[str, Any] = {
            "source_wallet_id": source,
            "destination_wallet_id": destination,
            "amount": amount(minor),
            "currency": CURRENCY,
        }

        def note(_call: Call, document: Document) -> None:
            self._transfers.append((document["transfer_id"], source, destination, minor))

        moves = ((wallet(source), -minor), (wallet(destination), minor))
        balances = {"source_balance": wallet(source), "destination_balance": wallet(destination)}
        return self.keyed(
            "transfer", "/v1/transfers", body, moves=moves, balances=balances, then=note
        )

    def _reversal(self, transfer_id: str, source: int, destination: int, minor: int) -> Call:
        part = self.rng.randint(1, minor)
        moves = ((wallet(source), part), (wallet(destination), -part))
        path = f"/v1/transfers/{transfer_id}/reverse"
        balances = {"source_balance": wallet(destination), "destination_balance": wallet(source)}
        body = {"amount": amount(part)}
        return self.keyed("reverse", path, body, moves=moves, balances=balances)

    def _hold(self) -> Call:
        number, minor = self.rng.choice(self.wallets), self.rng.randint(100, 100_00)
        body: dict[str, Any] = {
            "wallet_id": number,
            "amount": amount(minor),
            "currency": CURRENCY,
        }
        is_left_alone = self.rng.random() < _LEFT_ALONE
        if is_left_alone and self.rng.random() < 0.5:  # noqa: PLR2004 - half of those expire
            body["expires_in_s"] = 1

        def note(_call: Call, document: Document) -> None:
            if not is_left_alone:
                self._holds.append((document["hold_id"], number, minor))

        return self.keyed("hold", "/v1/holds", body, wait_s=3, then=note)

    def _end_of_hold(self, hold_id: str, number: int, minor: int) -> Call:
        if self.rng.random() < 0.3:  # noqa: PLR2004 - a share of the holds
            return self.keyed("release", f"/v1/holds/{hold_id}/release", {})
        part, destination = self.rng.randint(1, minor), self.rng.choice(self.wallets)
        body = {"destination_wallet_id": destination, "amount": amount(part), "final": True}
        moves = ((wallet(number), -part), (wallet(destination), part))
        return self.keyed("capture", f"/v1/holds/{hold_id}/capture", body, moves=moves)
