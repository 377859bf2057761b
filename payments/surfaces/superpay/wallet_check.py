"""What SuperPay says of a wallet before it is saved (specification §10)."""

import asyncio
import enum
from typing import Final

import msgspec
import structlog

from payments.surfaces.superpay.bodies import Unreadable, decode_error, decode_wallet
from payments.surfaces.superpay.client import LOST, SuperPayClient

_OK: Final = 200
_WAIT_S: Final = 3.0
"""The person waits. A payout finds out all the same."""
_log: Final = structlog.get_logger(__name__)


class Standing(enum.Enum):
    """Whether a wallet can be paid in a currency."""

    CONFIRMED = "confirmed"
    MISSING = "missing"
    BLOCKED = "blocked"
    OTHER_CURRENCY = "other_currency"
    UNKNOWN = "unknown"
    """SuperPay was not reached, or does not answer this question."""


class WalletCheck:
    """Asks SuperPay about wallets; without a SuperPay nothing is known."""

    def __init__(self, client: SuperPayClient | None) -> None:
        """`client`: None when SuperPay is not configured."""
        self._client = client

    async def __call__(self, wallet_id: str, currency: str) -> Standing:
        """Whether that wallet can be paid in that currency; never raises."""
        if self._client is None:
            return Standing.UNKNOWN
        try:
            async with asyncio.timeout(_WAIT_S):
                page = await self._client.wallet(wallet_id)
        except LOST as error:
            _log.warning("wallet_not_checked", reason=type(error).__name__)
            return Standing.UNKNOWN
        return standing_of(page.status, page.body, wallet_id, currency)


def standing_of(status: int, body: bytes, wallet_id: str, currency: str) -> Standing:
    """What an answer means. One that the specification does not have means nothing."""
    try:
        if status != _OK:
            missing = decode_error(body).code == "wallet_not_found"
            return Standing.MISSING if missing else Standing.UNKNOWN
        wallet = decode_wallet(body)
    except (Unreadable, msgspec.MsgspecError):
        return Standing.UNKNOWN
    if wallet.wallet_id != wallet_id:
        return Standing.UNKNOWN
    if wallet.status == "blocked":
        return Standing.BLOCKED
    if wallet.currency is None or wallet.status != "active":
        return Standing.UNKNOWN
    return Standing.CONFIRMED if wallet.currency == currency else Standing.OTHER_CURRENCY
