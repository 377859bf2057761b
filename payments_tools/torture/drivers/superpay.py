"""SuperPay: payouts and deposits through a misbehaving provider."""

from typing import Final

from payments_tools.torture.drivers.driver import CURRENCY, Surface, amount
from payments_tools.torture.drivers.wallets import opened
from payments_tools.torture.journal import Call

_WALLETS: Final = 4
_MONEY_MINOR: Final = 1_000_000_00
_PAYOUTS: Final = (
    *[""] * 8,
    "sim:drop-after-accept",
    "sim:drop-before-accept",
    "sim:500-after-accept",
    "sim:500-before-accept",
    "sim:503",
    "sim:429",
    "sim:html-200",
    "sim:delay=3",
    "sim:insufficient-funds",
    "sim:fail",
    "sim:cancel",
    "sim:return=1",
    "sim:duplicate-callbacks",
    "sim:reorder-callbacks",
    "sim:late-callbacks=2",
    "sim:lose-callbacks",
    "sim:forge-callbacks",
    "sim:not-found-first",
    "sim:alter-amount",
    "sim:stuck",
)
_DEPOSITS: Final = (
    "sim:auto-pay",
    "sim:underpay",
    "sim:overpay",
    "sim:auto-pay sim:lose-callbacks",
)


class SuperPay(Surface):
    """Owners of wallets whose money comes and goes through the provider."""

    name = "superpay"
    weight = 2

    async def prepare(self) -> None:
        """Wallets of their own, since their balances also depend on the provider."""
        self.wallets = await opened(self, _WALLETS, _MONEY_MINOR)

    def next(self) -> Call:
        """Mostly payouts."""
        return self._payout() if self.rng.random() < 0.7 else self._deposit()  # noqa: PLR2004

    def _payout(self) -> Call:
        body = {
            "wallet_id": self.rng.choice(self.wallets),
            "superpay_wallet_id": f"W-{self.rng.randint(1, 9)}",
            "amount": amount(self.rng.randint(100, 500_00)),
            "currency": CURRENCY,
            "description": self.rng.choice(_PAYOUTS),
        }
        return self.keyed("payout", "/v1/payouts", body)

    def _deposit(self) -> Call:
        body = {
            "wallet_id": self.rng.choice(self.wallets),
            "amount": amount(self.rng.randint(1000, 500_00)),
            "currency": CURRENCY,
            "success_url": "https://shop.example/done",
            "failure_url": "https://shop.example/sorry",
            "description": self.rng.choice(_DEPOSITS),
        }
        return self.keyed("deposit", "/v1/deposits", body)
