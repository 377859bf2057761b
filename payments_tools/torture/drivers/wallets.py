"""Wallets with money in them, for the drivers of the native API and of SuperPay."""

import asyncio
from typing import Final

from payments.ledger.chart import wallet
from payments_tools.torture.drivers.driver import CURRENCY, Surface, amount
from payments_tools.torture.journal import Call, Document

_WAIT_S: Final = 20


async def opened(surface: Surface, count: int, minor: int) -> list[int]:
    """Numbers of new wallets with `minor` each; every kopeck of it is in the journal."""
    numbers: list[int] = []

    def note(_call: Call, document: Document) -> None:
        numbers.append(int(document["wallet_id"]))

    opening = [
        surface.keyed(
            "open",
            "/v1/wallets",
            {"currency": CURRENCY, "owner": f"{surface.name}-{n}"},
            wait_s=_WAIT_S,
            then=note,
        )
        for n in range(count)
    ]
    await asyncio.gather(*(surface.tools.sender.settle(call) for call in opening))
    funding = [adjustment(surface, number, minor, wait_s=_WAIT_S) for number in sorted(numbers)]
    await asyncio.gather(*(surface.tools.sender.settle(call) for call in funding))
    return sorted(numbers)


def adjustment(surface: Surface, number: int, minor: int, *, wait_s: int | None = None) -> Call:
    """Money in (`minor` > 0) or out by hand."""
    body = {
        "wallet_id": number,
        "amount": amount(abs(minor)),
        "currency": CURRENCY,
        "direction": "credit" if minor > 0 else "debit",
        "reason": "torture",
    }
    moves = ((wallet(number), minor),)
    balances = {"balance": wallet(number)}
    return surface.keyed(
        "adjust", "/v1/adjustments", body, moves=moves, balances=balances, wait_s=wait_s
    )
